internal import Durations

/// Why something asked of an authority was not done.
package enum ACMEError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No answer: names, network, TLS, time.
    case unreachable(String)
    /// An answer that is none: the authority, or something in front of it, is broken.
    case malformed(String)
    /// The authority says no.
    case problem(Problem)
    /// It could not see that a name is ours.
    case validation(name: String, challenge: String, reason: String)
    /// Nothing that was offered can be done here.
    case noChallenge(name: String, offered: [String])
    /// A proof could not be put where the authority would look.
    case presentation(String)
    /// What was issued is not what was asked for.
    case certificate(String)
    /// It did not come to an end in time.
    case timeout(String)
    /// Something of our own failed.
    case own(String)

    /// One line.
    package var description: String {
        switch self {
        case .unreachable(let reason): "the authority can't be reached: \(reason)"
        case .malformed(let reason): "the authority's answer makes no sense: \(reason)"
        case .problem(let problem): problem.description
        case .validation(let name, let challenge, let reason):
            "the authority could not verify '\(name)' by \(challenge): \(reason)"
        case .noChallenge(let name, let offered):
            "for '\(name)' the authority offers \(offered.joined(separator: ", ")), none of which 'acme.challenges' has\(name.hasPrefix("*") ? "; a wildcard needs dns-01" : "")"
        case .presentation(let reason): "a proof can't be shown: \(reason)"
        case .certificate(let reason): "the certificate issued is of no use: \(reason)"
        case .timeout(let phase): "not done in time: \(phase)"
        case .own(let reason): reason
        }
    }

    /// In one word, for counts.
    package var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .malformed: "malformed"
        case .problem(let problem): problem.name
        case .validation: "validation"
        case .noChallenge: "no_challenge"
        case .presentation: "presentation"
        case .certificate: "certificate"
        case .timeout: "timeout"
        case .own: "own"
        }
    }

    /// Whether the authority counts it against us: then it is asked again after a long time only.
    package var countsAtAuthority: Bool {
        switch self {
        case .unreachable, .malformed, .presentation, .own: false
        case .problem(let problem): problem.status < 500
        case .validation, .noChallenge, .certificate, .timeout: true
        }
    }

    /// How long the authority wants to be left alone; nil = it says nothing.
    package var retryAfter: Duration? {
        if case .problem(let problem) = self { problem.retryAfter } else { nil }
    }
}

/// What an authority says is wrong (RFC 7807; RFC 8555, 6.7).
package struct Problem: Equatable, Sendable, CustomStringConvertible {
    private static let prefix = "urn:ietf:params:acme:error:"

    /// Of the response.
    package let status: Int
    /// Behind ACME's prefix, e.g. `rateLimited`; the whole type where that is another's; `http` where there is none.
    package let name: String
    /// Its words, bounded and without control characters.
    package let detail: String
    /// From `Retry-After`.
    package let retryAfter: Duration?

    /// A problem from its parts.
    package init(status: Int, name: String, detail: String, retryAfter: Duration? = nil) {
        self.status = status
        self.name = name
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// From the document in a response or within another.
    init(_ node: JSONNode?, status: Int, retryAfter: Duration? = nil) {
        let type = node?["type"]?.string ?? ""
        let name = type.hasPrefix(Self.prefix) ? String(type.dropFirst(Self.prefix.count)) : type
        var words = [node?["detail"]?.string ?? ""]
        for part in node?["subproblems"]?.elements.prefix(5) ?? [] {
            let host = part["identifier"]?["value"]?.string
            words.append([host, part["detail"]?.string].compactMap(\.self).joined(separator: ": "))
        }
        self.init(
            status: status, name: Self.clean(name.isEmpty ? "http" : name, most: 60),
            detail: Self.clean(words.filter { !$0.isEmpty }.joined(separator: "; "), most: 500),
            retryAfter: retryAfter)
    }

    /// One line.
    package var description: String {
        "the authority refuses (\(status) \(name))\(detail.isEmpty ? "" : ": \(detail)")"
            + (retryAfter.map { "; it wants to be asked again in \($0.wholeSeconds) s" } ?? "")
    }

    /// What goes into logs.
    package static func clean(_ text: String, most: Int) -> String {
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(most) {
            kept.append(scalar < " " || scalar == "\u{7F}" ? " " : scalar)
        }
        return String(kept)
    }
}
