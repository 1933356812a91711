import Testing

@testable import EventLoop

@Suite("Outbound queue")
struct OutboundQueueTests {
    @Test("gives back what was put in, whatever the pieces it is taken in", arguments: [1, 3, 7, 64, 1000])
    func order(step: Int) {
        var queue = OutboundQueue(on: MemoryAccount(on: MemoryLedger(MemoryPool())))
        var taken: [UInt8] = []
        var put: [UInt8] = []
        for round in 0..<200 {
            let piece = (0..<(round % 37)).map { UInt8(truncatingIfNeeded: $0 &+ round) }
            put += piece
            queue.append(piece.span)
            let count = min(step, queue.count)
            queue.withPending { pending in
                for index in 0..<count { taken.append(pending[index]) }
            }
            queue.drop(count)
        }
        while queue.count > 0 {
            queue.withPending { taken.append($0[0]) }
            queue.drop(1)
        }
        #expect(taken == put)
    }

    @Test("counts what is left, and nothing after it was cleared")
    func count() {
        let ledger = MemoryLedger(MemoryPool())
        var queue = OutboundQueue(on: MemoryAccount(on: ledger))
        queue.append([1, 2, 3].span)
        queue.drop(2)
        #expect(queue.count == 1)
        queue.append([4].span)
        #expect(queue.count == 2)
        #expect(ledger.held >= 2)
        queue.clear()
        #expect(queue.count == 0)
        #expect(ledger.held == 0)
        queue.append([5].span)
        #expect(queue.withPending { $0[0] } == 5)
    }
}
