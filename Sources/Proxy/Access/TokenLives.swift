internal import EventLoop
internal import Synchronization

/// How long tokens live here, as far as it was seen: what is revoked is kept for so long. Shared by all workers.
final class TokenLives: Sendable {
    private let seconds = Atomic<UInt64>(0)

    /// The longest that was seen, in seconds.
    var longest: Double { Double(seconds.load(ordering: .relaxed)) }

    /// A token was good.
    ///
    /// - Parameters:
    ///   - expiry: seconds since 1970.
    ///   - issued: the same; where it isn't known, the token is new.
    func note(_ expiry: Double, _ issued: Double?) {
        note(expiry - (issued ?? ProcessFacts.wallClock()))
    }

    /// Tokens of so many seconds were seen.
    func note(_ life: Double) {
        guard life > 0, life < 1e12 else { return }
        let whole = UInt64(life.rounded(.up))
        guard whole > seconds.load(ordering: .relaxed) else { return }
        seconds.max(whole, ordering: .relaxed)
    }
}
