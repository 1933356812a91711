/// How much a peer's compressed messages may become, over time: so many bytes for each one that came, and a burst beyond
/// that, which fills up again. Who is over it is read later, and loses nothing. Times are nanoseconds given by the caller.
package struct InflateAllowance: Equatable, Sendable {
    /// Shorter waits cost more than they save.
    private static let leastWait: UInt64 = 5_000_000

    private let ratio: Int
    /// Bytes beyond the ratio: at once, and again in each second.
    private let burst: Int
    private var over = 0
    private var since: UInt64

    /// - Parameter limits: a message of the largest size may always be inflated at once.
    package init(_ limits: InflateLimits, at now: UInt64) {
        ratio = limits.ratio
        burst = max(min(limits.message, InflateLimits().message), 1 << 20)
        since = now
    }

    /// So many bytes have become so many. Returns how long nothing more is to be inflated; 0 = go on.
    package mutating func took(_ packed: Int, becoming plain: Int, at now: UInt64) -> UInt64 {
        guard ratio > 0 else { return 0 }
        let earned = packed.multipliedReportingOverflow(by: ratio)
        guard !earned.overflow, plain > earned.partialValue || over > 0 else { return 0 }
        refill(at: now)
        over = max(0, over &+ plain &- earned.partialValue)
        guard over > burst else { return 0 }
        let excess = UInt64(clamping: over - burst)
        let wait = excess.multipliedReportingOverflow(by: 1_000_000_000)
        return max(wait.overflow ? .max : wait.partialValue / UInt64(clamping: burst), Self.leastWait)
    }

    private mutating func refill(at now: UInt64) {
        let passed = min(now > since ? now - since : 0, 1_000_000_000)
        since = max(since, now)
        // At most a second of a burst of 16 MiB.
        over = max(0, over - Int(clamping: UInt64(clamping: burst) &* passed / 1_000_000_000))
    }
}
