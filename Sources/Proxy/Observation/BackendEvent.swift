internal import EventLoop
internal import Logging

/// What becomes of backends, and of what they are asked.
enum BackendEvent: Event {
    case upgradeFailed(_ upstream: String, backend: String?, _ fault: Fault)
    /// The same of a plain request.
    case requestFailed(_ upstream: String, backend: String?, _ fault: Fault)
    case upgradeRetried(_ upstream: String, backend: String?, _ fault: Fault)
    /// It could not be reached.
    ///
    /// - Parameter restsFor: nanoseconds.
    case backendFailed(_ backend: String, _ fault: Fault, restsFor: UInt64)
    /// It broke off, answered nonsense, or took too long.
    case backendSuspected(_ backend: String, _ cause: String, restsFor: UInt64)
    case backendRecovered(_ backend: String)
    case checkFailed(_ backend: String, _ cause: String)
    case checkRecovered(_ backend: String)
    case resolved(_ upstream: String, _ entry: String, _ addresses: String)
    case resolveFailed(_ upstream: String, _ entry: String, _ cause: String)
    /// An answer had addresses that are left out.
    case addressesUnusable(_ upstream: String, _ entry: String, _ addresses: String)
    /// The process or the machine lacks what a connection needs: no peer's doing, and it may pass.
    case outOf(_ lacking: SystemError.Shortage, for: String, _ fault: Fault)
}

extension BackendEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .upgradeRetried(let upstream, _, _): metrics.add(.upgradeRetries, [upstream])
        case .backendFailed(let backend, _, _): metrics.add(.backendTransitions, [backend, "unreachable"])
        case .backendSuspected(let backend, _, _): metrics.add(.backendTransitions, [backend, "suspected"])
        case .backendRecovered(let backend): metrics.add(.backendTransitions, [backend, "up"])
        case .checkFailed(let backend, _): metrics.add(.backendTransitions, [backend, "failing"])
        case .checkRecovered(let backend): metrics.add(.backendTransitions, [backend, "passing"])
        case .outOf(let lacking, _, let fault):
            metrics.add(.shortages, [lacking.rawValue, fault.phase.rawValue])
        case .upgradeFailed, .requestFailed, .resolved, .resolveFailed, .addressesUnusable: break
        }
    }

    var lines: [EventLine] { [line] }

    private var line: EventLine {
        switch self {
        case .upgradeFailed(let upstream, let backend, let fault):
            .event(.warning, "upgrade failed", Self.fields(upstream, backend, fault))
        case .requestFailed(let upstream, let backend, let fault):
            .event(.warning, "request failed", Self.fields(upstream, backend, fault))
        case .upgradeRetried(let upstream, let backend, let fault):
            .event(.info, "upgrade tried with another backend", Self.fields(upstream, backend, fault))
        case .backendFailed(let backend, let fault, let rest):
            .event(
                .warning, "backend unreachable",
                Self.fields(backend, fault.phase.rawValue, fault.logText, rest))
        case .backendSuspected(let backend, let cause, let rest):
            .event(.warning, "backend rests", Self.fields(backend, "response", cause, rest))
        case .backendRecovered(let backend):
            .event(.notice, "backend reachable again", ["backend": "\(backend)"])
        case .checkFailed(let backend, let cause):
            .event(.warning, "backend fails its checks", Self.fields(backend, "check", cause, nil))
        case .checkRecovered(let backend):
            .event(.notice, "backend passes its checks again", ["backend": "\(backend)"])
        case .resolved(let upstream, let entry, let addresses):
            .event(
                .notice, "backends resolved",
                ["upstream": "\(upstream)", "name": "\(entry)", "addresses": "\(addresses)"])
        case .resolveFailed(let upstream, let entry, let cause):
            .event(
                .warning, "name not resolved, the last answer stays",
                ["upstream": "\(upstream)", "name": "\(entry)", "cause": "\(cause)"])
        case .addressesUnusable(let upstream, let entry, let addresses):
            .event(
                .warning, "name has addresses that no backend can have, they are left out",
                ["upstream": "\(upstream)", "name": "\(entry)", "addresses": "\(addresses)"])
        case .outOf(let lacking, let name, let fault):
            .out(of: lacking, for: name, phase: fault.phase.rawValue, fault.logText)
        }
    }

    private static func fields(_ upstream: String, _ backend: String?, _ fault: Fault) -> Logger.Metadata {
        [
            "upstream": "\(upstream)", "backend": "\(backend ?? "")", "side": "backend",
            "phase": "\(fault.phase.rawValue)", "cause": "\(fault.logText)",
        ]
    }

    private static func fields(
        _ backend: String, _ phase: String, _ cause: String, _ rest: UInt64?
    ) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "backend": "\(backend)", "side": "backend", "phase": "\(phase)", "cause": "\(cause)",
        ]
        if let rest { fields["retry_in_ms"] = .milliseconds(rest) }
        return fields
    }
}

extension EventLine {
    static func out(
        of lacking: SystemError.Shortage, for name: String, phase: String, _ cause: String
    ) -> EventLine {
        .event(
            .error, "out of \(lacking.rawValue)",
            ["for": "\(name)", "side": "proxy", "phase": "\(phase)", "cause": "\(cause)"])
    }
}
