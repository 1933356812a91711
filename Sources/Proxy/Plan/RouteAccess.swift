internal import Access
internal import HTTPProtocol

/// Who may come in by a route, with all that it takes to decide so.
final class RouteAccess: Sendable {
    /// For challenges: the route's name.
    let realm: String
    let addresses: AddressRules
    /// nil = no passwords are asked for.
    let passwords: WatchedFile<PasswordFile>?
    /// nil = no tokens are.
    let tokens: TokenPolicy?
    /// nil = nobody else is asked.
    let authority: AuthorityPolicy?

    init(
        realm: String, addresses: AddressRules, passwords: WatchedFile<PasswordFile>?, tokens: TokenPolicy?,
        authority: AuthorityPolicy?
    ) {
        self.realm = realm
        self.addresses = addresses
        self.passwords = passwords
        self.tokens = tokens
        self.authority = authority
    }

    /// Whether an address and nothing else decides.
    var isDecidedByAddress: Bool { passwords == nil && tokens == nil && authority == nil }
}

/// How tokens are judged, and what they bring.
struct TokenPolicy: Sendable {
    let rules: TokenRules
    let keys: KeySource
    /// Fields for the backend, and the claims that they get.
    let pass: [(field: String, claim: String)]
    /// Requests without a token come in as nobody.
    let allowsAnonymous: Bool
    let expiry: ExpiryPolicy?
}

/// Where the keys come from.
enum KeySource: Sendable {
    case file(WatchedFile<KeySet>)
    case fetched(FetchedKeys)
}

/// What becomes of a session whose token expires.
struct ExpiryPolicy: Sendable {
    let code: UInt16
    /// How long before the end the client is told; 0 = never.
    let warning: Duration
    let warningText: String
    /// How messages with a new token begin; nil = none are taken.
    let renewalPrefix: String?
}
