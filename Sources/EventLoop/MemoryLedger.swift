internal import CLinux

/// A holder that was given up because the process held too much.
package struct MemoryCut {
    /// Its address.
    package let peer: String
    /// A client; else a backend.
    package let isClient: Bool
    /// Bytes that were held for it.
    package let bytes: Int
}

/// What one loop holds for its peers: the sum of its accounts, and those on which something is.
package final class MemoryLedger: TimerTarget {
    /// The pool is told of no smaller differences.
    private static let slice = 64 << 10
    /// Who holds less is not given up.
    private static let least = 4 << 10
    /// From one round to the next, so that loops go through them side by side.
    private static let pause: UInt64 = 5_000_000

    private enum Timer: UInt8 { case relief, trim }

    /// Of the process.
    package let pool: MemoryPool
    /// Bytes.
    package private(set) var held = 0
    private var told = 0
    /// No order; each knows its place.
    private var accounts: [MemoryAccount] = []
    private var round: Int?
    private var headroom = MemoryHeadroom()
    private var trim = HeapTrim()
    /// Which owns this.
    private unowned var loop: EventLoop?
    /// Is told of each holder that was given up.
    package var onCut: ((MemoryCut) -> Void)?

    /// A loop's part of the pool.
    package init(_ pool: MemoryPool) { self.pool = pool }

    deinit { pool.add(0 &- told) }

    func attach(_ loop: EventLoop) {
        self.loop = loop
        pool.join(loop.mailbox)
    }

    func change(by difference: Int) {
        held &+= difference
        let untold = held &- told
        if untold >= Self.slice || untold <= -Self.slice { tell() }
    }

    private func tell() {
        let difference = held &- told
        told = held
        pool.add(difference)
        guard trim.holds(held), let loop else { return }
        _ = loop.schedule(self, kind: Timer.trim.rawValue, after: HeapTrim.delay)
    }

    /// Whether the process can be given memory for somebody new.
    package func hasHeadroom(at now: UInt64) -> Bool { headroom.isThere(at: now) }

    func enlist(_ account: MemoryAccount) {
        account.position = accounts.count
        accounts.append(account)
    }

    func strike(_ account: MemoryAccount) {
        let position = account.position
        account.position = -1
        guard position < accounts.count else { return }
        let last = accounts.removeLast()
        guard last !== account else { return }
        accounts[position] = last
        last.position = position
    }

    // MARK: Relief

    /// The process holds too much: gives up the largest holders until it doesn't.
    ///
    /// In rounds, the least size halved with each: all loops go through the same ones at the same time, so that whoever
    /// holds most is given up first, whichever loop that is on.
    package func relieve() {
        guard round == nil else { return }
        round = 0
        nextRound()
    }

    /// Time for the next round, or for giving back what was freed.
    package func timerFired(_ kind: UInt8) {
        guard kind == Timer.trim.rawValue else { return nextRound() }
        if trim.isDue(held) { trunkline_trim_heap() }
    }

    private func nextRound() {
        guard let number = round else { return }
        let least = max(pool.limit >> (number + 1), Self.least)
        giveUp(from: least)
        guard pool.isOver, least > Self.least, let loop else {
            round = nil
            return pool.wasRelieved()
        }
        round = number + 1
        _ = loop.schedule(self, kind: Timer.relief.rawValue, after: Self.pause)
    }

    private func giveUp(from least: Int) {
        guard pool.isOver else { return }
        let large = accounts.filter { $0.held >= least && $0.holder != nil }.sorted { $0.held > $1.held }
        for account in large {
            guard pool.isOver else { break }
            guard let holder = account.holder else { continue }
            let cut = MemoryCut(peer: holder.peerName, isClient: holder.isClient, bytes: account.held)
            let isDone = holder.giveUpForMemory()
            tell()
            if isDone { onCut?(cut) }
        }
    }
}
