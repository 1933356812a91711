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
    /// From an order to a look whether that was enough.
    private static let pause: UInt64 = 5_000_000

    private enum Timer: UInt8 { case relief, trim }

    /// Of the process.
    package let pool: MemoryPool
    /// Bytes.
    package private(set) var held = 0
    private var told = 0
    /// No order; each knows its place.
    private var accounts: [MemoryAccount] = []
    /// Of its accounts.
    let classes = MemoryClasses()
    /// The last order that was followed.
    private var followed: UInt64 = 0
    private var isWatched = false
    private var headroom = MemoryHeadroom()
    private var trim = HeapTrim()
    /// Which owns this.
    private unowned var loop: EventLoop?
    /// Is told of each holder that was given up.
    package var onCut: ((MemoryCut) -> Void)?

    /// A loop's part of the pool.
    package init(_ pool: MemoryPool) { self.pool = pool }

    deinit {
        pool.add(0 &- told)
        pool.leave(classes)
    }

    func attach(_ loop: EventLoop) {
        self.loop = loop
        pool.join(loop.mailbox, classes)
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
        if difference > 0, pool.isOver { ask() }
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

    private func ask() { if pool.askForRelief(at: EventLoop.clock) { watch() } }

    private func watch() {
        guard !isWatched, let loop else { return }
        isWatched = true
        _ = loop.schedule(self, kind: Timer.relief.rawValue, after: Self.pause)
    }

    /// Whether holders are to be given up: the loop takes nothing from its peers before it has.
    var mustRelieve: Bool { pool.order != followed }

    /// The process holds too much: gives up the largest holders until it doesn't. No handler is on the stack.
    package func relieve() {
        guard mustRelieve else { return }
        followed = pool.order
        giveUp(from: pool.orderedLeast)
        if pool.isOver { watch() } else { pool.wasRelieved() }
    }

    /// Time to see whether it was enough, or for giving back what was freed.
    package func timerFired(_ kind: UInt8) {
        guard kind == Timer.trim.rawValue else {
            isWatched = false
            return pool.isOver ? ask() : ()
        }
        if trim.isDue(held) { trunkline_trim_heap() }
    }

    private func giveUp(from least: Int) {
        guard pool.wantsRelief else { return }
        let large = accounts.filter { $0.isCounted(from: least) }.sorted { $0.held > $1.held }
        for account in large {
            guard pool.wantsRelief else { break }
            guard let holder = account.holder else { continue }
            let cut = MemoryCut(peer: holder.peerName, isClient: holder.isClient, bytes: account.held)
            let isDone = holder.giveUpForMemory()
            // What others hold on the same account goes once they are told.
            loop?.deliverFailures()
            tell()
            if isDone { onCut?(cut) }
            if account.held >= least { account.passOver() }
        }
    }
}
