internal import Access
internal import EventLoop

// How tokens are judged, at a handshake and within a session.
extension TokenPolicy {
    /// What a token says, if it is to be believed.
    ///
    /// - Parameters:
    ///   - wallClock: seconds since 1970.
    ///   - clock: the loop's.
    func claims(_ token: String, wallClock: Double, clock: UInt64) throws(TokenRefusal) -> Claims {
        let token = try SignedToken(token.utf8)
        guard let keys = keys.keys(at: clock) else { throw .unavailable }
        return try rules.claims(token, keys: keys, now: wallClock)
    }

    /// Fetches keys where those may be what a refusal is for; false where nothing can be gained by waiting.
    ///
    /// - Parameter done: once there are others, or none could be had.
    func fetches(
        after refusal: TokenRefusal, for route: Route, on worker: AccessContext, _ done: @escaping () -> Void
    ) -> Bool {
        guard case .fetched(let source) = keys else { return false }
        switch refusal {
        case .unknownKey: return worker.access.fetch(source, .unknownKey, for: route, done)
        case .unavailable: return worker.access.fetch(source, .missing, for: route, done)
        default: return false
        }
    }
}

extension KeySource {
    /// nil where there are none now.
    func keys(at now: UInt64) -> KeySet? {
        switch self {
        case .file(let file): file.value
        case .fetched(let source): source.keys(at: now)
        }
    }
}
