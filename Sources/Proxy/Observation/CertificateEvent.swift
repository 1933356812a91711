internal import ACME
internal import Durations
internal import Logging
internal import Telemetry

/// What becomes of certificates that the process gets by itself. Times are seconds of the wall clock.
enum CertificateEvent: Event {
    case asking(_ name: String, _ directory: String)
    case issued(_ name: String, expires: Double, issuer: String)
    case failed(_ name: String, _ cause: String, retryIn: Duration, failures: Int, _ alarm: RenewalAlarm)
    /// Not asked for at once, since asking has failed before.
    case putOff(_ name: String, due: Double, _ cause: String, failures: Int)
    case standsIn(_ listener: String, _ name: String)
    case storageFailed(_ error: ACMEError)
    case advised(_ name: String, _ window: RenewalWindow, due: Double)
    case informationUseless(_ name: String, _ error: ACMEError)
    case revoked(_ name: String)
    case keyChanged(_ directory: String)
    case keyUnsettled(_ directory: String, _ cause: String)
    case isRevoked(_ name: String)
    case responderFailed(_ name: String, _ url: String, _ cause: String, mustStaple: Bool)
    /// The thread that gets certificates can't be had: what is there is served on.
    case unavailable(_ cause: String)
}

extension CertificateEvent {
    /// `CertificateBoard` counts what the thread of certificates does.
    func count(in metrics: WorkerMetrics) {}

    var lines: [EventLine] { [.operation(level, message, fields)] }

    private var level: Logger.Level {
        switch self {
        case .asking: .info
        case .issued, .putOff, .advised, .revoked, .keyChanged: .notice
        case .standsIn, .informationUseless, .keyUnsettled: .warning
        case .storageFailed, .unavailable: .error
        case .isRevoked: .critical
        case .failed(_, _, _, _, let alarm): alarm.level
        case .responderFailed(_, _, _, let mustStaple): mustStaple ? .error : .warning
        }
    }

    private var message: Logger.Message {
        switch self {
        case .asking: "certificate asked for"
        case .issued: "certificate issued"
        case .failed: "certificate not issued"
        case .putOff:
            "certificate asked for later, since asking has failed before; 'trunkline acme renew' asks now"
        case .standsIn: "no certificate yet, a self-signed one is served"
        case .storageFailed: "certificates can't be stored"
        case .advised: "renewal suggested"
        case .informationUseless: "renewal information is of no use"
        case .revoked: "certificate revoked"
        case .keyChanged: "account key changed"
        case .keyUnsettled:
            "not known whether the account has its new key: nothing else is asked before that is"
        case .isRevoked: "certificate is revoked, as its responder says"
        case .responderFailed: "no OCSP response"
        case .unavailable: "certificates can't be kept"
        }
    }

    private var fields: Logger.Metadata {
        switch self {
        case .asking(let name, let directory): ["name": "\(name)", "authority": "\(directory)"]
        case .issued(let name, let expires, let issuer):
            ["name": "\(name)", "issuer": "\(issuer)", "expires": "\(WallTime.text(at: expires))"]
        case .failed(let name, let cause, let time, let failures, _):
            [
                "name": "\(name)", "cause": "\(cause)", "retry_in_s": .stringConvertible(time.wholeSeconds),
                "failures": .stringConvertible(failures),
            ]
        case .putOff(let name, let due, let cause, let failures):
            [
                "name": "\(name)", "due": "\(WallTime.text(at: due))", "cause": "\(cause)",
                "failures": .stringConvertible(failures),
            ]
        case .standsIn(let listener, let name):
            ["listener": "\(listener)", "name": "\(name)", "cause": "clients that verify refuse it"]
        case .storageFailed(let error): ["cause": "\(error)"]
        case .advised(let name, let window, let due):
            ["name": "\(name)", "due": "\(WallTime.text(at: due))", "see": "\(window.explanation ?? "")"]
        case .informationUseless(let name, let error): ["name": "\(name)", "cause": "\(error)"]
        case .revoked(let name), .isRevoked(let name): ["name": "\(name)"]
        case .keyChanged(let directory): ["authority": "\(directory)"]
        case .keyUnsettled(let directory, let cause): ["authority": "\(directory)", "cause": "\(cause)"]
        case .responderFailed(let name, let url, let cause, _):
            ["name": "\(name)", "responder": "\(url)", "cause": "\(cause)"]
        case .unavailable(let cause): ["cause": "\(cause)"]
        }
    }
}

extension RenewalAlarm {
    fileprivate var level: Logger.Level {
        switch self {
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
