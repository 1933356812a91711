import BasicContainers
import EventLoop
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Messages that leave together")
struct MessageRunTests {
    private let account = MemoryAccount(on: MemoryLedger(MemoryPool()))

    /// A feed's last messages, each of so many bytes of payload; their first byte says which one it is.
    private func ring(_ sizes: Int...) -> MessageRing<SharedMessage> {
        var ring = MessageRing<SharedMessage>(capacity: 16, byteLimit: 1 << 24)
        for (number, size) in sizes.enumerated() {
            let payload = [UInt8](repeating: UInt8(number), count: size)
            ring.append(SharedMessage(.binary, payload: payload.span, on: account), bytes: size)
        }
        return ring
    }

    private func bytes(_ run: MessageRun?) -> [UInt8] {
        run?.bytes.lend(from: 0) { span in span.indices.map { span[$0] } } ?? []
    }

    @Test("frames stand one after the other, in order")
    func joined() {
        var runs = MessageRuns()
        let run = runs.run(0..<3, of: ring(1, 2, 0), for: nil)
        #expect(run?.count == 3 && bytes(run) == [0x82, 1, 0, 0x82, 2, 1, 1, 0x82, 0])
    }

    @Test("they are joined once for all who stand in the same place")
    func once() {
        var runs = MessageRuns()
        let ring = ring(10, 10, 10)
        let first = runs.run(0..<3, of: ring, for: nil)
        #expect(runs.run(0..<3, of: ring, for: nil)?.bytes === first?.bytes)
        #expect(runs.run(1..<3, of: ring, for: nil)?.count == 2)
        runs.removeAll()
        #expect(runs.run(0..<3, of: ring, for: nil)?.bytes !== first?.bytes)
    }

    @Test("what the last one was given is known as long as nothing newer came, and for no other place")
    func last() {
        var runs = MessageRuns()
        let ring = ring(10, 10, 10)
        #expect(runs.lastRun(0..<3, for: nil) == nil)
        let joined = runs.run(0..<3, of: ring, for: nil)
        #expect(runs.lastRun(0..<3, for: nil)?.bytes === joined?.bytes)
        // One that is behind is given its messages one at a time.
        #expect(runs.lastRun(0..<1, for: nil) == nil)
        #expect(runs.lastRun(1..<3, for: nil) == nil)
        let single = runs.run(2..<3, of: ring, for: nil)
        #expect(runs.lastRun(2..<3, for: nil)?.bytes === single?.bytes && single?.count == 1)
        #expect(runs.lastRun(0..<3, for: nil) == nil)
        runs.removeAll()
        #expect(runs.lastRun(2..<3, for: nil) == nil)
    }

    @Test("one alone is not copied")
    func alone() {
        var runs = MessageRuns()
        let ring = ring(10, 20_000, 10)
        #expect(runs.run(0..<1, of: ring, for: nil)?.bytes === ring[0]?.plain)
        #expect(runs.run(1..<3, of: ring, for: nil)?.bytes === ring[1]?.plain)
        #expect(runs.run(1..<3, of: ring, for: nil)?.count == 1)
    }

    @Test("a run has no more than a record takes")
    func bounded() {
        var runs = MessageRuns()
        // Frames of 8 004 bytes: two fit.
        let run = runs.run(0..<5, of: ring(8000, 8000, 8000, 8000, 8000), for: nil)
        #expect(run?.count == 2 && run?.bytes.count == 16_008)
        let short = runs.run(1..<3, of: ring(1, 10, 16_380), for: nil)
        #expect(short?.count == 1 && short?.bytes.count == 12)
    }

    @Test("what is no longer held makes no run")
    func gone() {
        var runs = MessageRuns()
        var ring = MessageRing<SharedMessage>(capacity: 1, byteLimit: 100)
        for _ in 0..<2 { ring.append(SharedMessage(.text, payload: [1].span, on: account), bytes: 1) }
        #expect(runs.run(0..<2, of: ring, for: nil) == nil)
    }
}
