import Testing

@testable import EventLoop

@Suite("The memory of a process")
struct MemoryPoolTests {
    @Test("is over its limit only with more than that, and never without one", arguments: [0, 100])
    func over(limit: Int) {
        let pool = MemoryPool(limit: limit)
        pool.add(100)
        #expect(!pool.isOver)
        pool.add(1)
        #expect(pool.isOver == (limit > 0))
        pool.add(-101)
        #expect(pool.held == 0)
    }

    @Test("takes another limit while it runs")
    func change() {
        let pool = MemoryPool(limit: 10)
        pool.add(20)
        pool.limit = 30
        #expect(!pool.isOver)
        pool.limit = 19
        #expect(pool.isOver)
    }

    @Test("loops are asked for relief, and the largest holder of all is given up first")
    func relief() throws {
        let pool = MemoryPool(limit: 1 << 20)
        let loops = try (0..<2).map { _ in try EventLoop(pool) }
        let holders = loops.map { Holder(on: $0.memory) }
        holders[0].charge.set(300 << 10)
        holders[1].charge.set(900 << 10)
        for _ in 0..<200 {
            for loop in loops { loop.turn(limit: 1_000_000) }
        }
        #expect(holders.map(\.isGivenUp) == [false, true])
        #expect(pool.held == 300 << 10)
    }
}

/// Somebody for whom bytes are held.
final class Holder: MemoryHolder {
    let peerName: String
    let isClient = true
    var charge: MemoryCharge
    private let letsGo: Bool
    private(set) var asked = 0
    var isGivenUp: Bool { asked > 0 }

    init(on ledger: MemoryLedger, name: String = "peer", letsGo: Bool = true) {
        peerName = name
        self.letsGo = letsGo
        charge = MemoryCharge(to: MemoryAccount(on: ledger))
        charge.account.holder = self
    }

    deinit { charge.account.holder = nil }

    func giveUpForMemory() -> Bool {
        asked += 1
        if letsGo { charge.set(0) }
        return letsGo
    }
}
