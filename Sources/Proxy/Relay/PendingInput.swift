internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// What a peer has sent and nobody has looked at, because what it becomes would have to be held: at most what a read, or
/// a window, brings. Exists only while there is any.
final class PendingInput {
    /// Payload of a frame that is being inflated, unmasked.
    struct Part {
        let count: Int
        /// The message ends with it.
        let isLast: Bool
    }

    /// What the bytes begin with; nil when that is what comes next from the peer.
    let part: Part?
    var bytes: HeldBytes
    /// The peer has ended its side behind them.
    var hasEnded = false

    init(_ bytes: Span<UInt8>, part: Part?, on account: MemoryAccount) {
        self.part = part
        self.bytes = HeldBytes(on: account)
        self.bytes.append(bytes)
    }
}

extension Leg {
    /// Why reading from a peer stands, as far as that is our doing.
    struct Holds: OptionSet {
        let rawValue: UInt8
        /// The other side is full.
        static let full = Holds(rawValue: 1)
        /// It sends too much, or what becomes too much.
        static let rate = Holds(rawValue: 2)
        /// The loop has made enough of compressed bytes for this turn.
        static let turn = Holds(rawValue: 4)
        /// What came of it is still being handed round.
        static let round = Holds(rawValue: 8)
    }

    /// True when reading from this peer is paused because the other side is full.
    var isPaused: Bool { holds.contains(.full) }
    /// True when reading from this peer is paused because it sends too much.
    var isThrottled: Bool { holds.contains(.rate) }

    func hold(_ reason: Holds) {
        progress.stopsReading(at: worker.loop.now)
        holds.insert(reason)
        transport.pauseReading()
    }

    func release(_ reason: Holds) {
        holds.remove(reason)
        goOn()
    }

    /// Looks at what waits, and reads on, if nothing holds that up.
    func goOn() {
        guard holds.isEmpty, isConnected else { return }
        if pending != nil, worker.inflation.isSpent(at: worker.loop.now) { return waitForTurn() }
        takePending()
        guard holds.isEmpty, isConnected, pending == nil else { return }
        read()
    }

    func waitForTurn() {
        guard !holds.contains(.turn) else { return }
        hold(.turn)
        worker.loop.nextTurn { self.release(.turn) }
    }

    /// Reads on, whatever reading was paused for.
    func flowAgain() {
        guard !holds.isEmpty else { return }
        holds = []
        // Nobody is called from inside his own call.
        guard pending == nil else { return worker.loop.nextTurn { self.goOn() } }
        read()
    }

    private func read() {
        progress.reads(at: worker.loop.now)
        transport.resumeReading()
    }

    /// The rest of what came, or something that came behind it.
    func keep(_ bytes: Span<UInt8>, part: PendingInput.Part? = nil) {
        if let pending { return pending.bytes.append(bytes) }
        guard bytes.count > 0 || part != nil else { return }
        pending = PendingInput(bytes, part: part, on: transport.account)
    }

    /// What waited is not looked at any more; that the peer has ended its side behind it still counts.
    func dropPending() {
        guard let dropped = pending.take(), dropped.hasEnded else { return }
        worker.loop.nextTurn { [weak self] in
            guard let self, isConnected else { return }
            owner?.ended(self, nil)
        }
    }

    private func takePending() {
        guard let input = pending.take() else { return }
        var bytes = input.bytes.take()
        var span = bytes.mutableSpan
        owner?.goesOn(&span, input.part, from: self)
        guard input.hasEnded else { return }
        if let pending { pending.hasEnded = true } else { owner?.ended(self, nil) }
    }
}
