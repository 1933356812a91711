internal import TLS
internal import Telemetry

extension WorkerMetrics {
    /// A client's TLS handshake is done.
    func countTLS(_ transport: StreamConnection) {
        guard let facts = transport.tlsSummary else { return }
        add(.tlsHandshakes, [facts.version, facts.isResumed ? "true" : "false"])
    }
}
