internal import ACME
internal import Logging
internal import Telemetry

/// What is told of certificates that the process gets by itself.
struct CertificateLog: Sendable {
    private let operations: Logger

    init(_ sinks: LogSinks) { operations = sinks.operations }

    func asking(_ name: String, _ directory: String) {
        operations.info("certificate asked for", metadata: ["name": "\(name)", "authority": "\(directory)"])
    }

    func issued(_ name: String, expires: Double, issuer: String) {
        operations.notice(
            "certificate issued",
            metadata: ["name": "\(name)", "issuer": "\(issuer)", "expires": "\(WallTime.text(at: expires))"])
    }

    func failed(_ name: String, _ cause: String, retryIn seconds: Int, failures: Int, _ alarm: RenewalAlarm) {
        let level: Logger.Level =
            switch alarm {
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
        operations.log(
            level: level, "certificate not issued",
            metadata: [
                "name": "\(name)", "cause": "\(cause)", "retry_in_s": .stringConvertible(seconds),
                "failures": .stringConvertible(failures),
            ])
    }

    func standsIn(_ listener: String, _ name: String) {
        operations.warning(
            "no certificate yet, a self-signed one is served",
            metadata: [
                "listener": "\(listener)", "name": "\(name)", "cause": "clients that verify refuse it",
            ])
    }

    func storageFailed(_ error: ACMEError) {
        operations.error("certificates can't be stored", metadata: ["cause": "\(error)"])
    }

    func advised(_ name: String, _ window: RenewalWindow, due: Double) {
        operations.notice(
            "renewal suggested",
            metadata: [
                "name": "\(name)", "due": "\(WallTime.text(at: due))", "see": "\(window.explanation ?? "")",
            ])
    }

    func informationUseless(_ name: String, _ error: ACMEError) {
        operations.warning(
            "renewal information is of no use", metadata: ["name": "\(name)", "cause": "\(error)"])
    }

    func revoked(_ name: String) { operations.notice("certificate revoked", metadata: ["name": "\(name)"]) }

    func keyChanged(_ directory: String) {
        operations.notice("account key changed", metadata: ["authority": "\(directory)"])
    }

    func keyUnsettled(_ directory: String, _ cause: String) {
        operations.warning(
            "not known whether the account has its new key: nothing else is asked before that is",
            metadata: ["authority": "\(directory)", "cause": "\(cause)"])
    }

    func isRevoked(_ name: String) {
        operations.critical(
            "certificate is revoked, as its responder says", metadata: ["name": "\(name)"])
    }

    func responderFailed(_ name: String, _ url: String, _ cause: String, mustStaple: Bool) {
        operations.log(
            level: mustStaple ? .error : .warning, "no OCSP response",
            metadata: ["name": "\(name)", "responder": "\(url)", "cause": "\(cause)"])
    }

    /// The thread that gets certificates can't be had: what is there is served on.
    func unavailable(_ cause: String) {
        operations.error("certificates can't be kept", metadata: ["cause": "\(cause)"])
    }
}
