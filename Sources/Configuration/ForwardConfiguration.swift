internal import Access
internal import HTTPProtocol

/// `access.forward`: somebody else who decides. Of its times 0 = off.
package struct ForwardConfiguration: Equatable, Sendable {
    /// One of `upstreams`.
    package var upstream = ""
    /// What is asked for.
    package var path = "/"
    /// nil = the request's own.
    package var method: String?
    /// Fields of the answer that the backend gets.
    package var pass: [String] = []
    /// For an answer.
    package var timeout = Duration.seconds(2)
    /// How long a yes is remembered for those who prove themselves in the same way.
    package private(set) var cache = Duration.zero
    /// How often it is asked again for as long as a session lives.
    package fileprivate(set) var recheck = Duration.zero
    /// `on_failure: allow`: who doesn't answer has said yes.
    package fileprivate(set) var allowsOnFailure = false
    /// How many checks in a row may go unanswered before a session is closed.
    package var failures = 3
    /// What sessions are closed with.
    package fileprivate(set) var revokedCode: UInt16 = 4401

    /// Nothing but defaults.
    package init() {}

    static let table = Table(
        "Another service decides, as with nginx's auth_request or the forward-auth of Traefik and Caddy: 2xx lets the client in; 3xx, 401 and 403 reach the client.",
        start: Self()
    ) {
        Key.value(
            "upstream", \.upstream, .text, "The one of `upstreams` that is asked.", isRequired: true,
            example: "auth"
        )
        Key.value("path", \.path, .requestPath, "What is asked for.")
        Key.optional(
            "method", \.method,
            .text("method", pattern: "^[A-Z]+$") { isToken($0) ? nil : "'\($0)' is no method" },
            "The method of the question.", example: "GET", unset: "the request's own"
        )
        Key.list(
            "pass", \.pass, .fieldName,
            "Fields of the answer that the backend gets. Clients can't send these fields.",
            example: "X-User"
        )
        Key.value("timeout", \.timeout, .someDuration, "For the answer.")
        Key.value(
            "cache", \.cache, .duration,
            "How long a yes is remembered for the same request from the same address; 0 = not at all."
        )
        sessions
    }

    @KeyList<Self>
    private static var sessions: [Key<Self>] {
        Key.value(
            "recheck", \.recheck, .duration,
            "How often it is asked again while a session lives; 0 = never.")
        Key.value(
            "on_failure", \.allowsOnFailure, .choice(("refuse", false), ("allow", true)),
            "What happens without an answer: `refuse` = 503, and sessions are closed after `failures`; `allow` = as after a yes."
        )
        Key.value("failures", \.failures, .integer(1...1000), "Checks in a row that may go unanswered.")
        Key.value(
            "revoked_code", \.revokedCode, .closeCode, "The code that sessions are closed with after a no.")
    }
}

extension Scalar where Value == String {
    /// The name of a field that may be given a value.
    static var fieldName: Self {
        text("name of a field", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", FieldRules.complaint(name:))
    }
}
