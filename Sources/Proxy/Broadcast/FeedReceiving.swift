internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import WebSocketProtocol

// What comes from the backend: messages are put together, shared, and kept for the next round (`FeedRounds`).
extension Feed: PeerOwner {
    func received(
        _ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer
    ) {
        guard peer === self.peer else { return }
        var position = 0
        do throws(ProtocolViolation) {
            while peer === self.peer, let slice = try peer.frames.next(bytes.span, from: &position) {
                let payload = bytes.span.extracting(slice.payload)
                if slice.header.opcode.isControl {
                    let close = try peer.takeControl(
                        payload, slice, at: worker.loop.now)
                    if let close { return closed(peer, close) }
                } else {
                    try take(payload, slice)
                }
            }
        } catch {
            finishRound()
            return lost(error.reason, saying: ClosePayload(error.closeCode, error.reason))
        }
        planRound()
    }

    func ended(_ peer: WebSocketPeer, _ error: TransportError?) {
        guard peer === self.peer else { return }
        finishRound()
        lost(error.map { "connection lost: \($0)" } ?? "connection lost")
    }

    func flushed(_ peer: WebSocketPeer) {
        goOnSpeaking()
        letSpeak()
    }

    /// The backend's Close. With 1000 or a code of the application's own (RFC 6455, 7.4.2) it says that the feed is
    /// over, which its clients are told; any other is a connection lost.
    private func closed(_ peer: WebSocketPeer, _ payload: ClosePayload) {
        finishRound()
        let code = payload.code?.rawValue ?? 1005
        guard code == 1000 || code >= 3000 else {
            return lost("backend closed with \(code)", saying: payload)
        }
        release(peer, with: payload)
        end(telling: payload, by: .backend, cause: .close)
    }

    // MARK: Messages

    private func take(_ payload: Span<UInt8>, _ slice: FrameSlice) throws(ProtocolViolation) {
        peer?.count(slice)
        if slice.beginsMessage {
            if slice.endsMessage, payload.count <= route.limits.feedMessage {
                return try takeWhole(payload, slice.header.opcode)
            }
            assembly = MessageAssembly(
                slice.header.opcode, limit: route.limits.feedMessage, on: account)
        }
        guard let assembly else { return }
        try assembly.append(payload, isLast: slice.endsMessage)
        guard slice.endsMessage else { return }
        self.assembly = nil
        if assembly.isTooBig {
            tally.leftOutOne()
            return worker.log.tell(.feedLeftOut(subject, limit: route.limits.feedMessage))
        }
        assembly.payload.lend { publish(SharedMessage(assembly.opcode, payload: $0, on: account)) }
    }

    private func takeWhole(_ payload: Span<UInt8>, _ opcode: Opcode) throws(ProtocolViolation) {
        if opcode == .text {
            var text = UTF8Validator()
            guard text.accept(payload), text.isComplete else { throw .invalidUTF8 }
        }
        publish(SharedMessage(opcode, payload: payload, on: account))
    }

    private func publish(_ message: SharedMessage) {
        let size = message.plain.count
        tally.received()
        // Those who keep up must not lose a message because many came at once.
        if unsent >= options.ringCapacity || unsentBytes > options.queueBytes - size {
            finishRound()
        }
        runs.removeAll()
        ring.append(message, bytes: size)
        unsent += 1
        unsentBytes += size
    }
}
