internal import Access

/// How the authority can be shown that a name is ours (RFC 8555, 8; RFC 8737).
package enum ChallengeKind: String, Sendable, CaseIterable {
    case tlsALPN = "tls-alpn-01"
    case http = "http-01"
    case dns = "dns-01"
}

/// A proof that is to be shown until the authority has looked.
package struct ChallengeTask: Equatable, Sendable {
    /// How.
    package let kind: ChallengeKind
    /// The host, without `*.`.
    package let name: String
    /// The last part of http-01's path.
    package let token: String
    /// What is to be found there (8.1).
    package let keyAuthorization: String

    /// What the record `_acme-challenge.NAME` is to hold for dns-01 (8.4).
    package var dnsValue: String { Base64URL.encode(Digest.sha256(Array(keyAuthorization.utf8))) }
}

/// An order as the authority shows it (7.1.3).
struct Order: Equatable {
    enum Status: String { case pending, ready, processing, valid, invalid }

    let status: Status
    let authorizations: [String]
    let finalize: String
    let certificate: String?
    let problem: Problem?

    init(parsing body: [UInt8]) throws(ACMEError) {
        let node = try JSONNode(parsing: body)
        guard let status = node["status"]?.string.flatMap(Status.init),
            let finalize = node["finalize"]?.string
        else { throw .malformed("an order without status and finalize") }
        self.status = status
        self.finalize = finalize
        authorizations = node["authorizations"]?.elements.compactMap(\.string) ?? []
        certificate = node["certificate"]?.string
        problem = node["error"].map { Problem($0, status: 200) }
    }
}

/// What must be shown for one name (7.1.4).
struct Authorization: Equatable {
    enum Status: String { case pending, valid, invalid, deactivated, expired, revoked }

    struct Challenge: Equatable {
        let type: String
        let url: String
        let token: String
        let problem: Problem?
    }

    let status: Status
    let name: String
    let isWildcard: Bool
    let challenges: [Challenge]

    init(parsing body: [UInt8]) throws(ACMEError) {
        let node = try JSONNode(parsing: body)
        guard let status = node["status"]?.string.flatMap(Status.init),
            let name = node["identifier"]?["value"]?.string
        else { throw .malformed("an authorization without status and identifier") }
        self.status = status
        self.name = name
        isWildcard = node["wildcard"]?.isTrue ?? false
        challenges = (node["challenges"]?.elements ?? []).prefix(32).compactMap { challenge in
            guard let type = challenge["type"]?.string, let url = challenge["url"]?.string else { return nil }
            // Of other kinds there may be some without.
            let token = challenge["token"]?.string ?? ""
            return Challenge(
                type: type, url: url, token: token,
                problem: challenge["error"].map { Problem($0, status: 200) })
        }
    }

    /// Of a challenge that was not passed.
    var problem: Problem? { challenges.lazy.compactMap(\.problem).first }

    /// The one of ours that comes first and that the authority offers.
    func choose(_ offered: [ChallengeKind]) throws(ACMEError) -> (ChallengeKind, Challenge) {
        for kind in offered where !isWildcard || kind == .dns {
            guard let challenge = challenges.first(where: { $0.type == kind.rawValue }) else { continue }
            // It becomes part of a path, a file's name and a certificate (8.1).
            guard Base64URL.isPlain(challenge.token), challenge.token.utf8.count <= 256
            else { throw .malformed("a challenge with a token that is none") }
            return (kind, challenge)
        }
        throw .noChallenge(
            name: isWildcard ? "*.\(name)" : name,
            offered: challenges.prefix(8).map { Problem.clean($0.type, most: 40) })
    }
}
