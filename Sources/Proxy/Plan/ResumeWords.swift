internal import Configuration
internal import Durations
internal import Telemetry

/// Why a client that came back to its session gets a fresh one.
enum ResumeRefusal: String, Equatable, Sendable, CaseIterable {
    /// There is no such session, or not any more.
    case unknown = "unknown or too late"
    /// The token is another's, or was used.
    case wrongToken = "wrong token"
    case missedTooMuch = "too much was missed"
    /// It claims to have had what was never sent, or says it in no number. The session goes on without it.
    case wrongCount = "wrong count"
    /// The session was given up.
    case gaveUp = "given up"

    /// One word.
    var label: String {
        switch self {
        case .unknown: "unknown"
        case .wrongToken: "wrong_token"
        case .missedTooMuch: "missed_too_much"
        case .wrongCount: "wrong_count"
        case .gaveUp: "overflow"
        }
    }
}

/// What a client is told first, as text messages that count as none.
struct ResumeWords {
    private let members: [(String, JSONValue)]

    init(session: String, token: ResumeToken, _ rules: ResumeConfiguration) {
        let within = rules.within.wholeSeconds
        members = [
            ("session", .string(session)), ("token", .string(token.text)), ("within", .integer(within)),
        ]
    }

    /// For one that gets none.
    static func refusing(_ refusal: ResumeRefusal) -> [UInt8] {
        Array(JSONValue.object([("resumed", false), ("reason", .string(refusal.rawValue))]).line.utf8)
    }

    /// - Parameter refusal: why it is not the session that it came for.
    func begin(_ refusal: ResumeRefusal?) -> [UInt8] {
        guard let refusal else { return text([]) }
        return text([("resumed", false), ("reason", .string(refusal.rawValue))])
    }

    /// - Parameter received: messages of the client that have come in full.
    func resumed(received: UInt64) -> [UInt8] {
        text([("resumed", true), ("received", .integer(Int(clamping: received)))])
    }

    private func text(_ first: [(String, JSONValue)]) -> [UInt8] {
        Array(JSONValue.object(first + members).line.utf8)
    }
}
