/// How many connections are worth having ready, by how many upgrades a backend has lately answered with 101: as many as
/// come in a second, averaged over some five. Pure.
///
/// A backend that serves one connection at a time is blocked by one that waits, and one that forks for each pays for it.
/// So nothing waits before the first 101, nor for the sake of a few clients, and in silence the number falls to none.
struct WarmDemand {
    /// No more are worth their memory: a dial takes far less than a second.
    static let most = 16
    /// How long one may wait for a session; then it was one too many.
    static let patience = Duration.seconds(5)

    /// In nanoseconds.
    private static let second: UInt64 = 1_000_000_000
    /// What is left of a number after a second; the sum over all seconds is five times what one brings.
    private static let fade = 0.8
    private static let sum = 5.0
    // After so many seconds nothing is left of any number that matters.
    private static let forgotten: UInt64 = 100

    private var recent = 0.0
    private var countedAt: UInt64 = 0

    /// A backend has answered an upgrade with 101.
    ///
    /// - Parameter now: of a monotonic clock, in nanoseconds.
    mutating func upgraded(at now: UInt64) {
        let elapsed = seconds(until: now)
        recent = recent(after: elapsed) + 1
        countedAt = recent == 1 ? now : countedAt &+ elapsed &* Self.second
    }

    /// A connection that was ready has waited in vain.
    mutating func wastedOne() { recent /= 2 }

    /// How many are to be ready now.
    func level(at now: UInt64) -> Int {
        Int(min(recent(after: seconds(until: now)) / Self.sum, Double(Self.most)))
    }

    private func seconds(until now: UInt64) -> UInt64 { (max(now, countedAt) - countedAt) / Self.second }

    private func recent(after seconds: UInt64) -> Double {
        guard seconds < Self.forgotten else { return 0 }
        var left = recent
        for _ in 0..<seconds { left *= Self.fade }
        return left
    }
}
