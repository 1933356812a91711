import Glibc
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
    func relief() throws {
        let pool = MemoryPool()
        let loop = try EventLoop(pool)
        var cuts: [String] = []
        loop.memory.onCut = { cuts.append("\($0.peer) \($0.bytes >> 10)") }
        let sizes = [500, 700, 550]
        let holders = sizes.map { size in
            let holder = Holder(on: loop.memory, name: "p\(size)")
            holder.charge.set(size << 10)
            return holder
        }
        pool.limit = 1 << 20
        #expect(loop.memory.mustRelieve)
        loop.memory.relieve()
        #expect(cuts == ["p700 700", "p550 550"])
        #expect(holders.map(\.isGivenUp) == [false, true, true])
        #expect(!pool.isOver && !loop.memory.mustRelieve)
    }

    @Test("an account without a holder is left alone")
    func nobody() throws {
        let pool = MemoryPool(limit: 1 << 10)
        let loop = try EventLoop(pool)
        var charge = MemoryCharge(to: MemoryAccount(on: loop.memory))
        charge.set(1 << 20)
        #expect(!loop.memory.mustRelieve)
        #expect(charge.bytes == 1 << 20 && pool.isOver)
    }

    @Test("a holder that can't let go is not asked for ever, and others are given up in its place")
    func stubborn() throws {
        let pool = MemoryPool()
        let loop = try EventLoop(pool)
        let stubborn = Holder(on: loop.memory, letsGo: false)
        stubborn.charge.set(900 << 10)
        let other = Holder(on: loop.memory)
        other.charge.set(200 << 10)
        pool.limit = 1 << 20
        for _ in 0..<1000 where pool.isOver { loop.turn(limit: 1_000_000) }
        #expect(stubborn.asked == 1 && other.isGivenUp && !pool.isOver)
    }

    @Test("what is read in a turn is bounded: what else is ready waits until too much is held no more")
    func turn() throws {
        let pool = MemoryPool(limit: 1 << 20)
        let loop = try EventLoop(pool)
        let senders = try (0..<100).map { _ in try Sender(on: loop) }
        var most = 0
        for _ in 0..<20 {
            loop.turn(limit: 1_000_000)
            most = max(most, senders.map(\.most).max() ?? 0)
        }
        #expect(most > 1 << 20)
        // One read, and what the pool is not told yet.
        #expect(most <= (1 << 20) + EventLoop.receiveCapacity + (64 << 10))
    }
}

/// One who sends more than is taken of it: all of that is kept.
private final class Sender: StreamHandler {
    private let ours: StreamSocket
    private let theirs: Descriptor
    private let pool: MemoryPool
    private var kept: HeldBytes
    /// The most that all of them held when it took something.
    private(set) var most = 0

    init(on loop: EventLoop) throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        theirs = Descriptor(ends[0])
        pool = loop.memory.pool
        ours = StreamSocket(Descriptor(ends[1]), on: loop, SocketPlace(isClient: true))
        kept = HeldBytes(on: ours.account)
        ours.handler = self
        ours.resumeReading()
        let bytes = [UInt8](repeating: 1, count: 1 << 17)
        try #require(unsafe write(ends[0], bytes, bytes.count) == bytes.count)
    }

    func streamConnected() {}
    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        kept.append(bytes.span)
        most = max(most, pool.held)
    }
    func streamEnded() {}
    func streamFlushed() {}
    func streamFailed(_ error: SystemError) { kept.removeAll() }
}
