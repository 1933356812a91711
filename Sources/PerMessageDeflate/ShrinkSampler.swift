/// Finds out whether compressing pays. Payloads that are compressed already (images, encrypted text) cost time and grow:
/// where the recent ratio is poor, only a sample is compressed, until it shrinks again.
package final class ShrinkSampler {
    /// While the ratio is poor, one message of so many is tried.
    private static let sample = 16
    /// Bytes that must have been seen before a verdict.
    private static let evidence = 4096

    // Of about the last eight messages: older ones fade.
    private var recentIn = 0
    private var recentOut = 0
    private var skipped = 0

    /// With no evidence, so that everything is compressed.
    package init() {}

    /// Whether less than a tenth has been saved lately.
    package var isPoor: Bool { recentIn >= Self.evidence && recentOut > recentIn - recentIn / 10 }

    /// Whether to compress the next message.
    package func wantsNext() -> Bool {
        guard isPoor else { return true }
        skipped = (skipped + 1) % Self.sample
        return skipped == 0
    }

    /// A message of `count` bytes became `compressed` bytes.
    package func compressed(_ count: Int, to compressed: Int) {
        recentIn = recentIn - recentIn / 8 + min(count, 1 << 20)
        recentOut = recentOut - recentOut / 8 + min(compressed, 1 << 20)
    }
}
