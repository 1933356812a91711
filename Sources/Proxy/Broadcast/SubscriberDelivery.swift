internal import Configuration
internal import EventLoop
internal import WebSocketProtocol

// What a client is given: the feed's messages from its place on, as far as it takes them.
extension Subscriber {
    /// Messages that the kernel has taken a part of.
    struct UnderWay {
        let run: MessageRun
        var sent: Int
    }

    /// Gives the client what it has not had, as far as it takes it.
    func deliver() {
        guard client.isConnected, resume() else { return }
        while client.takesData {
            switch turn() {
            case .nothing:
                if isBehind { caughtUp() }
                return
            case .tooSlow: return lagsTooMuch()
            case .messages(let range):
                guard let run = feed.run(range, for: compression), send(run) else { return }
            }
        }
    }

    private func turn() -> OnNext {
        let before = queue.dropped
        let turn = queue.turn(oldest: feed.ring.oldest, end: feed.ring.end, isBehind: isBehind)
        if queue.dropped != before {
            feed.tally.dropped(queue.dropped - before, by: feed.options.slowClient)
        }
        return turn
    }

    /// Goes on with what is under way; true when there is nothing, or nothing any longer.
    private func resume() -> Bool {
        if let begun = underWay {
            guard send(begun.run, from: begun.sent) else { return checkLag() }
            underWay = nil
            // What had to wait for the frame's end follows it: a Pong, or our Close.
            frameEnds(towards: client)
            return true
        }
        guard isBehind, client.transport.bufferedBytes > 0 else { return true }
        return checkLag()
    }

    /// Nothing can be sent now. Returns false.
    private func checkLag() -> Bool {
        if queue.isTooSlow(oldest: feed.ring.oldest, end: feed.ring.end) { lagsTooMuch() }
        return false
    }

    /// Sends messages from one of their bytes on; false when the rest must wait.
    private func send(_ run: MessageRun, from start: Int = 0) -> Bool {
        var position = start
        while position < run.bytes.count {
            let taken = run.bytes.lend(from: position) { client.transport.offer($0) }
            guard taken > 0 else { break }
            if position == 0 { queue.taken(run.count) }
            position += taken
        }
        client.count(sent: position - start)
        guard position < run.bytes.count else {
            delivered &+= UInt64(run.count)
            feed.tally.deliveries &+= UInt64(run.count)
            return true
        }
        if position > 0 {
            underWay = UnderWay(run: run, sent: position)
            frameBegins(towards: client)
        }
        fallsBehind()
        return false
    }

    private func fallsBehind() {
        guard !isBehind else { return }
        isBehind = true
        if !isEnding { awaitTaking(by: client) }
    }

    private func caughtUp() {
        isBehind = false
        client.hasTaken()
        disarm(.slowConsumer)
    }
}
