import Telemetry
import Testing

@Suite("Histograms")
struct HistogramTests {
    @Test("bounds of time go 1, 2, 5")
    func timeBounds() {
        #expect(HistogramBuckets.time(from: 100, to: 2_000).bounds == [100, 200, 500, 1_000, 2_000])
        #expect(HistogramBuckets.latency.bounds.first == 100_000)
        #expect(HistogramBuckets.latency.bounds.last == 10_000_000_000)
    }

    @Test("a bound belongs to its bucket")
    func bounds() {
        let buckets = HistogramBuckets([10, 20], divisor: 1)
        var histogram = Histogram(buckets)
        for value: UInt64 in [0, 10, 11, 20, 21, 1_000_000] { histogram.record(value, buckets) }
        #expect(histogram.counts == [2, 2, 2])
        #expect(histogram.sum == 1_000_062)
    }

    @Test(
        "sizes are counted by powers of two as a plain histogram would",
        arguments: [0, 1, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 65_536, 16 << 20, 16 << 20 + 1, 1 << 40])
    func sizes(size: Int) {
        var counts = SizeCounts()
        counts.record(UInt64(size))
        var plain = Histogram(.size)
        plain.record(UInt64(size), .size)
        #expect(counts.histogram == plain)
    }

    @Test("sizes of one bucket count at once as they do one by one")
    func runs() {
        var one = SizeCounts()
        var all = SizeCounts()
        for sizes: [UInt64] in [[0, 16], [17, 20, 32], [65_535, 65_536], [1 << 40, 1 << 41]] {
            for size in sizes { one.record(size) }
            all.record(UInt64(sizes.count), like: sizes.last ?? 0, total: sizes.reduce(0, +))
        }
        #expect(all.histogram == one.histogram)
    }
}
