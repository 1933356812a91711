package import Access

/// `access` of a route: who may come in.
package struct AccessConfiguration: Equatable, Sendable {
    /// `allow` and `deny`, in the order in which they are written.
    package var addresses = AddressRules()
    /// `basic.users`: a file of names and passwords' hashes. nil = no passwords are asked for.
    package var users: Located<String>?
    /// `jwt`. nil = no tokens are asked for.
    package var tokens: TokenConfiguration?
    /// `forward`. nil = nobody else is asked.
    package var forward: ForwardConfiguration?

    /// Everybody may.
    package init() {}
}

/// `access.jwt`: what tokens must be, and what becomes of sessions whose token expires. Times in nanoseconds.
package struct TokenConfiguration: Equatable, Sendable {
    /// Where keys come from.
    package enum Keys: Equatable, Sendable {
        /// A JWK Set or PEM blocks.
        case file(Located<String>)
        case upstream(KeyUpstream)
    }

    /// Keys that an upstream gives.
    package struct KeyUpstream: Equatable, Sendable {
        /// One of `upstreams`.
        package var name = ""
        /// What is asked for.
        package var path = "/.well-known/jwks.json"
        /// How often.
        package var refresh: UInt64 = 600_000_000_000
        /// For how long keys are used beyond that while none can be had.
        package var staleFor: UInt64 = 86_400_000_000_000

        /// None in particular.
        package init() {}
    }

    /// A field for the backend and the claim that it gets.
    package struct Passed: Equatable, Sendable {
        /// Its name.
        package var field: String
        /// The claim's name, or a path with dots.
        package var claim: String
    }

    /// `keys`.
    package var keys: Keys?
    /// All that the tokens themselves must be.
    package var rules = TokenRules(algorithms: [])
    /// `pass`.
    package var pass: [Passed] = []
    /// `anonymous`: requests without a token come in as nobody.
    package var allowsAnonymous = false
    /// `on_expiry: ignore`: sessions outlive their tokens.
    package var ignoresExpiry = false
    /// `expiry_code`.
    package var expiryCode = 4401
    /// `expiry_warning`: before the end; 0 = never.
    package var expiryWarning: UInt64 = 0
    /// `expiry_text`: what the client is told then.
    package var expiryText = "token-expires"
    /// `renew.prefix`: how a message begins that brings a new token. nil = none is taken.
    package var renewalPrefix: String?

    /// Nothing but defaults.
    package init() {}
}

/// `access.forward`: somebody else who decides. Times in nanoseconds, 0 = off.
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
    package var timeout: UInt64 = 2_000_000_000
    /// How long a yes is remembered for those who prove themselves in the same way.
    package var cache: UInt64 = 0
    /// How often it is asked again for as long as a session lives.
    package var recheck: UInt64 = 0
    /// `on_failure: allow`: who doesn't answer has said yes.
    package var allowsOnFailure = false
    /// How many checks in a row may go unanswered before a session is closed.
    package var failures = 3
    /// What sessions are closed with.
    package var revokedCode = 4401

    /// Nothing but defaults.
    package init() {}
}
