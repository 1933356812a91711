internal import ACME
internal import EventLoop
internal import HTTPProtocol
internal import Synchronization
internal import TLS

/// The proofs that stand now, as the listeners of this process show them. They are read from the storage, where whichever
/// process asks the authority has put them.
final class ChallengeBook: Sendable {
    private static let httpPath = "/.well-known/acme-challenge/"
    private static let httpPrefix = "http-"
    private static let tlsPrefix = "alpn-"

    let tls = ALPNChallenges()
    private let tokens = Mutex<[String: String]>([:])
    private let seen = Mutex<[String: FileStamp]>([:])
    private let count = Atomic<Int>(0)

    /// What http-01 is answered with (RFC 8555, 8.3); nil where none of ours is asked for.
    func answer(_ target: RequestTarget) -> String? {
        guard count.load(ordering: .acquiring) > 0, target.path.hasPrefix(Self.httpPath) else { return nil }
        let token = String(target.path.dropFirst(Self.httpPath.count))
        return tokens.withLock { $0[token] }
    }

    /// The file in which a proof stands, with what is in it; nil for proofs that stand elsewhere.
    static func file(_ task: ChallengeTask) throws(ACMEError) -> (name: String, bytes: [UInt8])? {
        switch task.kind {
        case .http: return (httpPrefix + task.token, Array(task.keyAuthorization.utf8))
        case .tlsALPN:
            let certificate = try ChallengeCertificate(
                name: task.name, keyAuthorization: task.keyAuthorization)
            return (tlsPrefix + task.name, certificate.keyPEM + certificate.pem)
        case .dns: return nil
        }
    }

    /// Shows what stands in the folder, and nothing else.
    func follow(_ folder: PrivateFolder) {
        let names = folder.names
        var tokens: [String: String] = [:]
        for name in names where name.hasPrefix(Self.httpPrefix) {
            guard let bytes = folder.read(name), bytes.count < 1024 else { continue }
            tokens[String(name.dropFirst(Self.httpPrefix.count))] = String(decoding: bytes, as: UTF8.self)
        }
        var states: [String: FileStamp] = [:]
        let known = seen.withLock { $0 }
        for name in names where name.hasPrefix(Self.tlsPrefix) {
            let host = String(name.dropFirst(Self.tlsPrefix.count))
            states[host] = FileStamp("\(folder.path)/\(name)")
            guard states[host] != known[host], let bytes = folder.read(name),
                let certificate = try? Certificate(certificatePEM: bytes, keyPEM: bytes)
            else { continue }
            try? tls.present(host, certificate)
        }
        tls.keep(only: Set(states.keys))
        let shown = states
        seen.withLock { $0 = shown }
        let answers = tokens
        self.tokens.withLock { $0 = answers }
        count.store(answers.count, ordering: .releasing)
    }
}
