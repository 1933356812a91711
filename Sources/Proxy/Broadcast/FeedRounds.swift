internal import Configuration
internal import EventLoop
internal import WebSocketProtocol

// How messages are handed round: to all subscribers, each as much as it takes.
extension Feed {
    /// How many subscribers are served before the loop may do something else: at less than 10 µs each, some milliseconds.
    private static let roundStep = 1000
    /// For how many of them is encrypted before anything is sent.
    private static let batch = 32
    /// How many turns before its own the memory of one is fetched: what memory takes to answer, and not so long that others
    /// have pushed it out again.
    private static let ahead = 4

    /// Messages that are ready together, for one with this compression.
    func run(_ range: Range<UInt64>, for compression: FeedCompression?) -> MessageRun? {
        // Asked first: to lend the ring costs a copy of it.
        runs.lastRun(range, for: compression) ?? runs.run(range, of: ring, for: compression)
    }

    /// Offers what is new to all subscribers: now, or when it has waited for others as long as it may.
    func planRound() {
        guard unsent > 0, roundPosition == nil, !isArmed(.gather) else { return }
        if options.gather > .zero { arm(.gather, after: options.gather) } else { startRound() }
    }

    /// Begins a round. A long one lets the loop turn in between; the feed is not read meanwhile.
    func startRound() {
        guard unsent > 0, roundPosition == nil else { return }
        (unsent, unsentBytes) = (0, 0)
        goRound(from: 0)
    }

    private func goRound(from start: Int) {
        let count = roster.count
        let end = min(start + Self.roundStep, count)
        deliver(start..<end)
        guard end < count else { return roundIsOver() }
        if roundPosition == nil { peer?.hold(.round) }
        roundPosition = end
        worker.loop.nextTurn { [weak self] in
            guard let self, let position = roundPosition else { return }
            goRound(from: min(position, roster.count))
        }
    }

    private func roundIsOver() {
        if roster.isEmpty { releaseMessages() }
        guard roundPosition != nil else { return }
        roundPosition = nil
        peer?.release(.round)
        // Paused or not, a transport may have had something left to say.
        planRound()
    }

    /// Offers what is new to all subscribers now, because the feed ends or its messages are many.
    func finishRound() {
        disarm(.gather)
        (unsent, unsentBytes) = (0, 0)
        deliver(0..<roster.count)
        roundIsOver()
    }

    private func deliver(_ range: Range<Int>) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + Self.batch, range.upperBound)
            hub.batch.open()
            // Asked each time: a delivery may find that its client is gone.
            for place in start..<end where place < roster.count {
                roster.fetch(place + Self.ahead)
                roster.clients[place].deliver()
            }
            hub.batch.close()
            start = end
        }
    }

    /// Keeps for those who join and for nobody else.
    func releaseMessages() {
        runs.removeAll()
        ring.keep(options.replayLast)
    }

    // MARK: MemoryHolder

    var peerName: String { "feed \(key.host)\(key.target)" }
    var isClient: Bool { true }

    /// The process holds too much: what slow ones wait for goes, as it would when more came than `queue` has room for.
    /// If that was not enough, a feed that nobody receives ends, and of others those go who are in the middle of a message:
    /// they keep it, each maybe another one.
    func giveUpForMemory() -> Bool {
        // Those who keep up lose nothing.
        if unsent > 0 || roundPosition != nil { finishRound() }
        releaseMessages()
        guard worker.loop.memory.pool.isOver else { return false }
        if isIdle {
            end(.goingAway)
            return true
        }
        let slow = subscribers.filter(\.holdsMessage)
        for subscriber in slow { subscriber.gone(subscriber.client, .memory) }
        return !slow.isEmpty
    }
}
