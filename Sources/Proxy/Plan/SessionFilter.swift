internal import Durations
internal import HTTPProtocol

/// Which sessions an operator means: those of which all is so that is given. Pure.
struct SessionFilter: Equatable, Sendable {
    enum State: String, CaseIterable, Sendable {
        case open
        /// It has no backend until something is said.
        case hibernating
        /// Its client has lost its connection, and may come back.
        case away
        /// It is to be closed before its time.
        case draining
        /// Its end has begun.
        case closing
    }

    /// Addresses of clients.
    enum Clients: Equatable, Sendable {
        case range(AddressRange)
        /// Exactly so, for those that are no IP addresses.
        case text(String)

        init(_ text: String) { self = AddressRange(text).map { .range($0) } ?? .text(text) }

        func contains(_ client: String) -> Bool {
            switch self {
            case .range(let range): AddressRange.bytes(client[...]).map { range.contains($0) } ?? false
            case .text(let text): client == text
            }
        }
    }

    /// What of a session is looked at.
    struct Traits {
        var route: String
        var backend: String
        var upstream: String
        var client: String
        var subject: String?
        var state: State
        /// Since it began.
        var age: Duration
    }

    var route: String?
    var upstream: String?
    var backend: String?
    var client: Clients?
    var subject: String?
    var state: State?
    /// nil = of any age.
    var olderThan: Duration?

    /// All sessions are meant.
    var isEmpty: Bool { self == SessionFilter() }

    func matches(_ session: Traits) -> Bool {
        if let subject, session.subject != subject { return false }
        if let route, session.route != route { return false }
        if let upstream, session.upstream != upstream { return false }
        if let backend, session.backend != backend { return false }
        if let state, session.state != state { return false }
        if let olderThan, session.age < olderThan { return false }
        return client?.contains(session.client) ?? true
    }
}

extension SessionFilter: CustomStringConvertible {
    /// For the log: what was given.
    var description: String {
        let client: String? =
            switch client {
            case .range(let range): range.description
            case .text(let text): text
            case nil: nil
            }
        let given: [(String, String?)] = [
            ("route", route), ("upstream", upstream), ("backend", backend), ("client", client),
            ("subject", subject), ("state", state?.rawValue),
            ("older_than", olderThan.map { "\($0.nanoseconds / 1_000_000)ms" }),
        ]
        return given.compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: " ")
    }
}
