/// The bounds of a histogram's buckets, in the unit that is counted in (nanoseconds, bytes), and how that unit relates
/// to the one that is shown (seconds, bytes).
package struct HistogramBuckets: Sendable {
    /// Upper bounds, each included in its bucket, growing. What is larger goes to one more bucket.
    package let bounds: [UInt64]
    /// Shown = counted / divisor.
    package let divisor: Double

    /// Buckets with bounds of one's own.
    package init(_ bounds: [UInt64], divisor: Double) {
        self.bounds = bounds
        self.divisor = divisor
    }

    /// Three to a decade, 1, 2 and 5, from `first` nanoseconds until `last` is reached; shown in seconds.
    package static func time(from first: UInt64, to last: UInt64) -> HistogramBuckets {
        var bounds: [UInt64] = []
        var decade = max(first, 1)
        while decade <= last {
            for step: UInt64 in [1, 2, 5] where decade * step <= last { bounds.append(decade * step) }
            decade *= 10
        }
        return HistogramBuckets(bounds, divisor: 1_000_000_000)
    }

    /// Waiting for a network: 100 µs to 10 s.
    package static let latency = time(from: 100_000, to: 10_000_000_000)
    /// Waiting for a processor: 10 µs to 1 s.
    package static let lag = time(from: 10_000, to: 1_000_000_000)
    /// Lives of sessions: 100 ms to some 28 hours.
    package static let life = time(from: 100_000_000, to: 100_000_000_000_000)
    /// Powers of two from 16 B to 16 MiB, as `SizeCounts` counts them.
    package static let size = HistogramBuckets((4...24).map { 1 << $0 }, divisor: 1)
}

/// How often values fell into which bucket, and their sum.
package struct Histogram: Equatable, Sendable {
    /// One a bound, and one for all that is larger.
    package private(set) var counts: [UInt64]
    /// Of all values.
    package private(set) var sum: UInt64 = 0

    /// Nothing counted.
    package init(_ buckets: HistogramBuckets) {
        counts = [UInt64](repeating: 0, count: buckets.bounds.count + 1)
    }

    init(counts: [UInt64], sum: UInt64) {
        self.counts = counts
        self.sum = sum
    }

    /// Counts a value.
    package mutating func record(_ value: UInt64, _ buckets: HistogramBuckets) {
        let place = buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count
        guard place < counts.count else { return }
        counts[place] &+= 1
        sum &+= value
    }

    /// Adds another's counts.
    package mutating func add(_ other: Histogram) {
        for place in 0..<min(counts.count, other.counts.count) { counts[place] &+= other.counts[place] }
        sum &+= other.sum
    }
}

/// Sizes counted by powers of two, for the path of every message: one leading-zero count and two additions in place.
package struct SizeCounts: Sendable {
    @usableFromInline static let places = 22
    @usableFromInline var counts = InlineArray<22, UInt64>(repeating: 0)
    @usableFromInline var sum: UInt64 = 0

    /// Nothing counted.
    package init() {}

    /// Counts a size of at least 0 bytes.
    @inlinable package mutating func record(_ size: UInt64) {
        counts[Self.place(size)] &+= 1
        sum &+= size
    }

    /// Counts so many sizes at once that one bucket holds.
    ///
    /// - Parameters:
    ///   - size: of one of them.
    ///   - total: of all of them.
    @inlinable package mutating func record(_ count: UInt64, like size: UInt64, total: UInt64) {
        counts[Self.place(size)] &+= count
        sum &+= total
    }

    /// Bucket k holds what is larger than 2^(k+3) and no larger than 2^(k+4).
    @usableFromInline static func place(_ size: UInt64) -> Int {
        let bits = UInt64.bitWidth - (max(size, 1) &- 1).leadingZeroBitCount
        return min(max(bits &- 4, 0), places - 1)
    }

    /// The same over `HistogramBuckets.size`.
    package var histogram: Histogram {
        Histogram(counts: (0..<Self.places).map { counts[$0] }, sum: sum)
    }
}
