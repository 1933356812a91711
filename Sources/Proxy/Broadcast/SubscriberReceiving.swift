internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// What comes from a client that receives a feed: its messages are left out, passed on whole, or not allowed.
extension Subscriber: LegOwner {
    func received(_ bytes: inout MutableSpan<UInt8>, from leg: Leg) {
        guard leg.isHeard else { return }
        leg.tally.bytesReceived &+= UInt64(bytes.count)
        leg.progress.heard(at: worker.loop.now)
        guard leg.pending == nil else { return leg.keep(bytes.span) }
        goesOn(&bytes, nil, from: leg)
    }

    func goesOn(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from leg: Leg) {
        if feed.options.clientMessages == .forward, !feed.takesMessages { pauseForFeed() }
        var position = 0
        do throws(ProtocolViolation) {
            // What would be passed on waits as long as the feed's backend takes nothing.
            while leg.isHeard, leg.holds.isEmpty, let slice = try leg.frames.next(bytes.span, from: &position)
            {
                if slice.header.opcode.isControl {
                    let close = try leg.takeControl(
                        bytes.span.extracting(slice.payload), slice, at: worker.loop.now,
                        limit: route.limits.controlFramesPerSecond)
                    if let close { closeReceived(close) }
                } else {
                    try take(&bytes, slice)
                }
            }
            if messageRate.isOn { try checkRate() }
            if leg.isHeard { leg.keep(bytes.span.extracting(position..<bytes.count)) }
        } catch {
            fail(error)
        }
    }

    /// The feed's connection is kept awake by those who receive it; once a second by all of them together. What the
    /// backend pings measures the feed, not each of its clients, whom we ask ourselves.
    func pinged(by leg: Leg) { feed.leg?.carryPing() }

    func drained(_ leg: Leg) {
        deliver()
        if !leg.isHeard { carryOut(machine.settled(.client, at: worker.loop.now)) }
    }

    private func take(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        leg.count(slice)
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
                on: leg.transport.account,
                at: now)
            if !slice.endsMessage, !machine.isEnding { scheduleHousekeeping() }
        }
        guard let assembly else { return }
        applyMask(&bytes, in: slice.payload, key: header.maskingKey, offset: slice.payloadOffset)
        let meant = try assembly.append(
            bytes.span.extracting(slice.payload), isLast: slice.endsMessage, at: now, scratch: worker.scratch)
        let wait = allowance.took(slice.payload.count, becoming: meant, at: now)
        if wait > 0 { throttle(for: wait) }
        guard slice.endsMessage else { return }
        self.assembly = nil
        feed.say(assembly)
        if !feed.takesMessages { pauseForFeed() }
    }

    private func pauseForFeed() {
        if !leg.isPaused { leg.hold(.full) }
    }

    /// The upstream connection takes again.
    func feedTakesMore() {
        if leg.isPaused { leg.release(.full) }
    }

    /// Messages over the rate are paid for by a pause, or end the subscription.
    private func checkRate() throws(ProtocolViolation) {
        let new = leg.tally.messagesReceived &- ratedMessages
        ratedMessages = leg.tally.messagesReceived
        let wait = messageRate.take(
            Int(clamping: new), at: worker.loop.now, since: leg.progress.arrival(at: worker.loop.now))
        guard wait > 0, leg.isHeard, !machine.isEnding else { return }
        if route.limits.closesOverRate { throw .tooManyMessages(perSecond: route.limits.messagesPerSecond) }
        throttle(for: wait)
    }

    private func throttle(for wait: UInt64) {
        leg.throttledUntil = max(leg.throttledUntil, worker.loop.now &+ min(wait, Session.longestThrottle))
        leg.hold(.rate)
        arm(.rate, after: leg.throttledUntil &- worker.loop.now)
    }

    func ratePaid() {
        leg.release(.rate)
    }
}
