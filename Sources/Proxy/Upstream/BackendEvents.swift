internal import Logging

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
}
