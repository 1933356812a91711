internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// What comes from a client that receives a feed: its messages are left out, passed on whole, or not allowed.
extension Subscriber {
    func read(_ bytes: inout MutableSpan<UInt8>) {
        if feed.options.clientMessages == .forward, !feed.takesMessages { pauseForFeed() }
        var position = 0
        do throws(ProtocolViolation) {
            // What would be passed on waits as long as the feed's backend takes nothing.
            while client.isHeard, client.holds.isEmpty,
                let slice = try client.frames.next(bytes.span, from: &position)
            {
                if slice.header.opcode.isControl {
                    let close = try client.takeControl(
                        bytes.span.extracting(slice.payload), slice, at: worker.loop.now)
                    if let close { closeReceived(close, from: client) }
                } else {
                    try take(&bytes, slice)
                }
            }
            if client.isRated { checkRate() }
            if client.isHeard { client.keep(bytes.span.extracting(position..<bytes.count)) }
        } catch {
            fail(client, error)
        }
    }

    private func take(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        client.count(slice)
        switch feed.options.clientMessages {
        case .discard: break
        case .forward: try forward(&bytes, slice)
        case .close:
            close(
                ClosePayload(.policyViolation, "this feed takes no messages"), by: .client,
                cause: .unwantedMessage)
        }
    }

    /// Only whole messages go to the backend: those of several clients share one connection.
    private func forward(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        let header = slice.header
        let now = worker.loop.now
        if slice.beginsMessage {
            assembly = ClientMessage(
                header.opcode, compression: header.rsv1 ? agreement?.fromClient : nil,
                limits: route.limits.client.inflate, arena: worker.contextMemory.arena,
                on: client.transport.account,
                at: now)
            if !slice.endsMessage, !isEnding { scheduleHousekeeping() }
        }
        guard let assembly else { return }
        applyMask(&bytes, in: slice.payload, key: header.maskingKey, offset: slice.payloadOffset)
        let meant = try assembly.append(
            bytes.span.extracting(slice.payload), isLast: slice.endsMessage, at: now, scratch: worker.scratch)
        let wait = allowance.took(slice.payload.count, becoming: meant, at: now)
        if wait > 0 { throttle(client, for: wait, limit: "inflate_ratio") }
        guard slice.endsMessage else { return }
        self.assembly = nil
        feed.say(assembly)
        if !feed.takesMessages { pauseForFeed() }
    }

    private func pauseForFeed() {
        if !client.isPaused { client.hold(.full) }
    }

    /// The upstream connection takes again.
    func feedTakesMore() {
        if client.isPaused { client.release(.full) }
    }
}
