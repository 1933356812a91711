import Testing

@testable import EventLoop

@Suite("The memory of a loop")
struct MemoryLedgerTests {
    @Test("tells the pool in slices, down as up")
    func slices() {
        let pool = MemoryPool()
        let ledger = MemoryLedger(pool)
        var charge = MemoryCharge(to: MemoryAccount(on: ledger))
        charge.set(60 << 10)
        #expect(ledger.held == 60 << 10 && pool.held == 0)
        charge.set(70 << 10)
        #expect(pool.held == 70 << 10)
        charge.set(0)
        #expect(pool.held == 0)
    }

    @Test("gives up the largest first, no more than it must, and says whom")
    func relief() {
        let pool = MemoryPool(limit: 1 << 20)
        let ledger = MemoryLedger(pool)
        var cuts: [String] = []
        ledger.onCut = { cuts.append("\($0.peer) \($0.bytes >> 10)") }
        let sizes = [500, 700, 550]
        let holders = sizes.map { size in
            let holder = Holder(on: ledger, name: "p\(size)")
            holder.charge.set(size << 10)
            return holder
        }
        ledger.relieve()
        #expect(cuts == ["p700 700", "p550 550"])
        #expect(holders.map(\.isGivenUp) == [false, true, true])
        #expect(!pool.isOver)
    }

    @Test("an account without a holder is left alone")
    func nobody() {
        let pool = MemoryPool(limit: 1 << 10)
        let ledger = MemoryLedger(pool)
        var charge = MemoryCharge(to: MemoryAccount(on: ledger))
        charge.set(1 << 20)
        ledger.relieve()
        #expect(charge.bytes == 1 << 20 && pool.isOver)
    }
}
