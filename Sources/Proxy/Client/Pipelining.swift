internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

// How requests are read one after the other: in the order of their coming, each when the one before it was answered and
// the answer was taken (RFC 9112, 9.3.2).
extension ClientConnection {
    /// What comes straight from the client: nothing waits before it.
    func readHead(_ bytes: Span<UInt8>) {
        if parser.isEmpty, requests == 0, worker.loop.memory.pool.isOver {
            return refuse(Fault(.memory), host: nil, path: nil)
        }
        do throws(HeadError) {
            guard let (head, used) = try feed(bytes) else { return }
            phase = .upgrade
            keepEarly(bytes, from: used)
            serve(head)
        } catch {
            refuse(Fault(.request(.head(error))), host: nil, path: nil)
        }
    }

    /// The same of what has waited.
    private func readEarly() {
        do throws(HeadError) {
            let found = try early.lend { (bytes) throws(HeadError) in try feed(bytes) }
            guard let (head, used) = found else { return early.removeAll() }
            early.drop(used)
            serve(head)
        } catch {
            refuse(Fault(.request(.head(error))), host: nil, path: nil)
        }
    }

    private func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (RequestHead, Int)? {
        let isFirstByte = parser.isEmpty
        guard let found = try parser.feed(bytes) else {
            headCharge.set(parser.keptBytes)
            if isFirstByte, requests > 0 { arm(worker.generation.configuration.timeouts.requestHead) }
            return nil
        }
        headCharge.set(found.0.keptUnderWay)
        return found
    }

    private func serve(_ head: RequestHead) {
        requests += 1
        phase = .upgrade
        arm(0)
        route(head)
    }

    /// Bounded by what one read brings: reading is paused as long as anything waits here.
    func keepEarly(_ bytes: Span<UInt8>, from start: Int) {
        guard start < bytes.count else { return }
        switch phase {
        case .upgrade, .exchange, .between: break
        case .handshake, .head, .answering, .over: return
        }
        early.append(bytes.extracting(start..<bytes.count))
        transport.pauseReading()
    }

    // MARK: From one request to the next

    /// Looks at the next request when the turn is over: what is on the stack belongs to the last one.
    func nextRequestSoon() {
        phase = .between
        exchange = nil
        headCharge.set(0)
        worker.loop.nextTurn { [weak self] in self?.nextRequest() }
    }

    func nextRequest() {
        guard phase == .between, position >= 0 else { return }
        guard transport.bufferedBytes == 0 else { return waitUntilTaken() }
        stall.ended()
        let timeouts = worker.generation.configuration.timeouts
        if early.isEmpty, worker.isDraining || hasEnded { return end() }
        phase = .head
        address = peer
        transport.limitReads(to: max(worker.headLimits.bytes, 4096))
        if early.isEmpty { armKeepAlive() } else { arm(timeouts.requestHead) }
        if !early.isEmpty { readEarly() }
        guard phase == .head else { return }
        // Half a request was its last word.
        if hasEnded { return end() }
        transport.resumeReading()
    }

    func armKeepAlive() { arm(worker.generation.configuration.timeouts.keepAlive) }

    /// The client has not taken its last answer: nothing more is read or answered until it has.
    private func waitUntilTaken() {
        transport.pauseReading()
        stall.began(at: worker.loop.now)
        let limit = worker.generation.configuration.timeouts.slowConsumer
        arm(limit > 0 ? StallWatch.firstLook(limit) : 0)
    }

    func lookWhetherTaken() {
        let limit = worker.generation.configuration.timeouts.slowConsumer
        switch stall.check(transport.outflow, at: worker.loop.now, limit: limit) {
        case .idle: break
        case .wait(let time): arm(time)
        case .stalled:
            worker.metrics.add(.slowConsumers, ["client"])
            transport.abort()
            end()
        }
    }
}
