internal import Access
internal import Durations
internal import HTTPProtocol

/// Why access rules don't let a request in, with the name of its route.
enum AccessFault: Hashable {
    case address
    /// No password, or a wrong one.
    case password(realm: String)
    /// Too many passwords are being checked.
    case passwordsBusy
    case token(TokenRefusal, realm: String)
    /// The one that is to be asked doesn't answer.
    case authority
    /// Too much comes with one key.
    case overLimit(String, key: String, retryAfter: Duration)
    /// The key that a limit counts by is not there.
    case missingKey(String)
    /// It is there in more ways than are looked at.
    case tooManyKeys(String)

    var status: Int {
        switch self {
        case .address, .missingKey: 403
        case .tooManyKeys: 400
        case .password: 401
        case .passwordsBusy, .authority: 503
        case .token(let refusal, _): refusal.status
        case .overLimit: 429
        }
    }

    /// One line, lower case: nothing about keys, users or tokens.
    var text: String {
        switch self {
        case .address: "this address is not allowed here"
        case .password: "a name and a password are needed"
        case .passwordsBusy: "too many passwords are being checked"
        case .token(let refusal, _): refusal.reason
        case .authority: "whoever decides on access can't be asked now"
        case .overLimit(let limit, let key, _): "over the limit '\(limit)' of one \(key)"
        case .missingKey(let key): "there is no \(key)"
        case .tooManyKeys(let key): "there is more than one \(key)"
        }
    }

    /// The `reason` of refusals that are counted.
    var label: String {
        switch self {
        case .address: "access_address"
        case .password: "access_password"
        case .passwordsBusy: "access_passwords_busy"
        case .token(let refusal, _): "access_token_" + refusal.word
        case .authority: "access_authority"
        case .overLimit(let limit, _, _): "limit_" + limit
        case .missingKey: "limit_key_missing"
        case .tooManyKeys: "limit_keys"
        }
    }

    var fields: [HeaderFields.Field] {
        switch self {
        case .password(let realm):
            [.init("WWW-Authenticate", "Basic realm=\"\(quoted(realm))\", charset=\"UTF-8\"")]
        case .token(let refusal, let realm):
            refusal.challenge(realm: realm).map { [.init("WWW-Authenticate", $0)] } ?? []
        case .overLimit(_, _, let time): [.init("Retry-After", "\(time.wholeSeconds)")]
        case .address, .passwordsBusy, .authority, .missingKey, .tooManyKeys: []
        }
    }
}
