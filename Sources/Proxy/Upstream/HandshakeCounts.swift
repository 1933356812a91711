internal import Telemetry

// How handshakes and dials are counted.
extension WorkerMetrics {
    func count(_ outcome: UpgradeOutcome, route: Route, after duration: UInt64) {
        switch outcome {
        case .accepted:
            add(.handshakes, route.countedAccepted)
            observe(.handshakeDuration, duration)
        case .refused: add(.handshakes, [route.name, "backend_refused"])
        case .failed(let fault, _): add(.handshakes, [route.name, fault.upgradeOutcome])
        }
    }

    func count(_ result: Result<StreamConnection, Fault>, backend: Backend, after duration: UInt64) {
        switch result {
        case .success:
            add(.dials, backend.countedConnected)
            observe(.dialDuration, duration)
        case .failure(let fault): add(.dials, [backend.name, fault.dialOutcome])
        }
    }
}
