internal import HTTPProtocol
internal import Telemetry

// What clients get, counted.
extension WorkerMetrics {
    /// A client was refused.
    func count(_ fault: Fault) {
        add(.refusals, ["\(fault.status)", fault.label])
        if let limit = fault.limit { add(.limitsHit, [limit]) }
    }

    /// - Parameter status: what the client got; 0 = nothing.
    func countRequest(route: String, status: Int) { add(.requests, [route, "\(status)"]) }
}
