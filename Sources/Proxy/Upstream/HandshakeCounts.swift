internal import Telemetry

// How handshakes and dials are counted.
extension WorkerMetrics {
    func count(_ outcome: UpgradeOutcome, route: String, after duration: UInt64) {
        switch outcome {
        case .accepted:
            add(.handshakes, [route, "accepted"])
            observe(.handshakeDuration, duration)
        case .refused: add(.handshakes, [route, "backend_refused"])
        case .failed(let fault, _): add(.handshakes, [route, fault.upgradeOutcome])
        }
    }

    func count(_ result: Result<StreamConnection, Fault>, backend: String, after duration: UInt64) {
        switch result {
        case .success:
            add(.dials, [backend, "connected"])
            observe(.dialDuration, duration)
        case .failure(let fault): add(.dials, [backend, fault.dialOutcome])
        }
    }
}
