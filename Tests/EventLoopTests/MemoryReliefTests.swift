import Testing

@testable import EventLoop

@Suite("When and where memory is to be given up")
struct MemoryReliefTests {
    private static let millisecond: UInt64 = 1_000_000

    private func ask(
        _ relief: inout MemoryRelief, held: Int, most: Int = 1 << 20, _ holders: [Int: Int],
        at milliseconds: UInt64 = 1
    ) -> Int? {
        relief.ask(held: held, most: most, holders: { holders[$0] ?? 0 }, at: milliseconds * Self.millisecond)
    }

    @Test("the largest are asked, and only as small ones as are needed")
    func classes() {
        let holders = [0: 1000, 3: 10, 6: 2]
        // 6: 256 KiB and more each; 3: 32 KiB and more each.
        let cases: [(over: Int, least: Int)] = [
            (1, 256 << 10), (512 << 10, 256 << 10), (513 << 10, 32 << 10), (832 << 10, 32 << 10),
            (833 << 10, 4 << 10), (1 << 30, 4 << 10),
        ]
        for (over, least) in cases {
            var relief = MemoryRelief()
            #expect(ask(&relief, held: (1 << 20) + over, holders) == least, "over by \(over)")
        }
    }

    @Test("nobody is asked within the limit, or where nobody is")
    func nobody() {
        var relief = MemoryRelief()
        #expect(ask(&relief, held: 1 << 20, [3: 1]) == nil)
        #expect(ask(&relief, held: 2 << 20, [:]) == nil)
        #expect(relief == MemoryRelief())
    }

    @Test("sizes beyond all numbers are enough")
    func huge() {
        var relief = MemoryRelief()
        #expect(ask(&relief, held: .max, most: 1, [27: .max, 0: 1]) == (4 << 10) << 27)
    }

    @Test("at once after an order that was enough; else not within a millisecond, and ever more seldom")
    func pause() {
        var relief = MemoryRelief()
        var times: [UInt64] = []
        for tenth in 0..<2000 as Range<UInt64> {
            let time = tenth * Self.millisecond / 10
            let least = relief.ask(held: 2 << 20, most: 1 << 20, holders: { _ in 1 }, at: time)
            if least != nil { times.append(tenth) }
        }
        #expect(times.prefix(7) == [0, 10, 30, 70, 150, 310, 630])
        #expect(zip(times.dropFirst(), times).allSatisfy { $0 - $1 <= 640 })
        relief.wasEnough()
        let later = 200 * Self.millisecond
        for _ in 0..<3 {
            #expect(relief.ask(held: 2 << 20, most: 1 << 20, holders: { _ in 1 }, at: later) != nil)
            relief.wasEnough()
        }
    }
}
