internal import ACME
internal import TLS

/// How an authority is asked, everything read that the configuration names.
struct AuthorityPlan: Sendable, Equatable {
    let directory: String
    let email: String?
    /// Absolute, or relative to where the process runs.
    let storage: String
    let key: KeyKind
    let challenges: [ChallengeKind]
    /// The program for dns-01.
    let hook: String?
    /// Seconds.
    let renewBefore: Duration
    let externalAccount: ExternalAccount?
    /// Whom to trust as the authority; nil = whom the system trusts.
    let authorityPEM: [UInt8]?

    /// Stands for all that may decide whether the authority says yes.
    var digest: String {
        let parts = [directory, email ?? "", hook ?? "", externalAccount?.id ?? "", key.rawValue]
        return Digest.name((parts + challenges.map(\.rawValue)).joined(separator: "\n"))
    }
}

/// What the thread that gets certificates is to do.
struct KeeperPlan: Sendable {
    /// nil = nothing is asked for.
    let authority: AuthorityPlan?
    let names: [String]
    /// Those whose responders are asked.
    let stapled: [Certificate]

    var isEmpty: Bool { authority == nil && stapled.isEmpty }
}
