internal import EventLoop
internal import HTTPProtocol
internal import Logging
internal import Telemetry

// What the log says of backends that come and go.
extension EventLog {
    func backendSuspected(_ backend: String, _ cause: String, restsFor rest: UInt64) {
        metrics.add(.backendTransitions, [backend, "suspected"])
        events.warning(
            "backend rests",
            metadata: [
                "backend": "\(backend)", "side": "backend", "phase": "response", "cause": "\(cause)",
                "retry_in_ms": .stringConvertible(rest / 1_000_000),
            ])
    }

    func upgradeRetried(_ upstream: String, backend: String?, _ fault: Fault) {
        metrics.add(.upgradeRetries, [upstream])
        events.info(
            "upgrade tried with another backend",
            metadata: [
                "upstream": "\(upstream)", "backend": "\(backend ?? "")", "side": "backend",
                "phase": "\(fault.phase.rawValue)", "cause": "\(fault.logText)",
            ])
    }

    func checkFailed(_ backend: String, _ cause: String) {
        metrics.add(.backendTransitions, [backend, "failing"])
        events.warning(
            "backend fails its checks",
            metadata: ["backend": "\(backend)", "side": "backend", "phase": "check", "cause": "\(cause)"])
    }

    func checkRecovered(_ backend: String) {
        metrics.add(.backendTransitions, [backend, "passing"])
        events.notice("backend passes its checks again", metadata: ["backend": "\(backend)"])
    }

    func resolved(_ upstream: String, _ entry: String, _ addresses: String) {
        events.notice(
            "backends resolved",
            metadata: ["upstream": "\(upstream)", "name": "\(entry)", "addresses": "\(addresses)"])
    }

    func resolveFailed(_ upstream: String, _ entry: String, _ cause: String) {
        events.warning(
            "name not resolved, the last answer stays",
            metadata: ["upstream": "\(upstream)", "name": "\(entry)", "cause": "\(cause)"])
    }

    func upgradeFailed(_ upstream: String, backend: String?, _ fault: Fault) {
        failed("upgrade failed", upstream, backend, fault)
    }

    /// The same of a plain request.
    func requestFailed(_ upstream: String, backend: String?, _ fault: Fault) {
        failed("request failed", upstream, backend, fault)
    }

    private func failed(
        _ message: Logger.Message, _ upstream: String, _ backend: String?, _ fault: Fault
    ) {
        events.warning(
            message,
            metadata: [
                "upstream": "\(upstream)", "backend": "\(backend ?? "")", "side": "backend",
                "phase": "\(fault.phase.rawValue)", "cause": "\(fault.logText)",
            ])
    }

    func backendFailed(_ backend: String, _ fault: Fault, restsFor rest: UInt64) {
        metrics.add(.backendTransitions, [backend, "unreachable"])
        events.warning(
            "backend unreachable",
            metadata: [
                "backend": "\(backend)", "side": "backend", "phase": "\(fault.phase.rawValue)",
                "cause": "\(fault.logText)",
                "retry_in_ms": .stringConvertible(rest / 1_000_000),
            ])
    }

    func backendRecovered(_ backend: String) {
        metrics.add(.backendTransitions, [backend, "up"])
        events.notice("backend reachable again", metadata: ["backend": "\(backend)"])
    }

    /// The process or the machine lacks what a connection to a backend needs.
    func outOf(_ lacking: SystemError.Shortage, for name: String, _ fault: Fault) {
        outOf(lacking, phase: fault.phase.rawValue, for: name, fault.logText)
    }
}

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
