internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// The way of a session that outlives its backend: messages are whole before they are passed on, so that nothing partial
// has been when a side goes.
extension Session {
    /// Takes a part of a message, or all of it.
    ///
    /// - Parameter output: what goes to the other side.
    func keep(
        _ payload: Span<UInt8>, isLast: Bool, _ continuity: Continuity, from peer: WebSocketPeer,
        to other: WebSocketPeer, into output: inout UniqueArray<UInt8>
    ) {
        // Nothing follows a Close (RFC 6455, 5.5.1), be it one that waits.
        guard peer !== client || continuity.lastWords == nil else { return }
        continuity.lastMessage = worker.loop.now
        if continuity.isStreaming(peer.side) {
            composeAll(payload, isLast: isLast, from: peer, to: other, into: &output)
            guard isLast else { return }
            // Its end goes before whatever comes of it.
            pass(&output, from: peer, to: other, isMidFrame: false)
            return continuity.streamEnds(from: peer.side)
        }
        if isLast, continuity.hasNoParts(of: peer.side) {
            return take(payload, continuity, from: peer, to: other, into: &output)
        }
        continuity.append(payload, of: peer.side)
        if isLast {
            let whole = continuity.takeParts(of: peer.side)
            take(whole.span, continuity, from: peer, to: other, into: &output)
        } else if continuity.beginsStream(of: peer.side) {
            let begun = continuity.takeParts(of: peer.side)
            composeAll(begun.span, isLast: false, from: peer, to: other, into: &output)
        }
    }

    private func take(
        _ payload: Span<UInt8>, _ continuity: Continuity, from peer: WebSocketPeer, to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        let passes =
            peer === client
            ? continuity.takes(peer.transit.opcode, payload) : continuity.machine.backendMessage()
        if passes { composeAll(payload, isLast: true, from: peer, to: other, into: &output) }
    }

    /// Frames a message that was kept, for a peer that is new.
    func frame(
        _ payload: Span<UInt8>, _ opcode: Opcode, to peer: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        let header = FrameHeader(
            opcode, fin: true, rsv1: false, maskingKey: nil, payloadLength: payload.count)
        var transit = Transit()
        transit.begin(header, isTransformed: true)
        let key = worker.randomMask()
        if let compression = peer.compression, isWorthCompressing(header, isInflated: false, compression) {
            var packed = worker.scratch.take()
            let isPacked = compression.deflater.compress(payload, endOfMessage: true, appendingTo: &packed)
            if isPacked {
                transit.append(packed.span, isLast: true, compressed: true, maskingKey: key, to: &output)
            }
            worker.scratch.release(packed)
            if isPacked { return }
        }
        transit.append(payload, isLast: true, compressed: false, maskingKey: key, to: &output)
    }
}

// The messages of a session, whole and in parts.
extension Continuity {
    func isStreaming(_ side: SessionSide) -> Bool { side == .client ? streams.client : streams.backend }

    func hasNoParts(of side: SessionSide) -> Bool {
        side == .client ? clientParts.isEmpty : backendParts.isEmpty
    }

    func append(_ payload: Span<UInt8>, of side: SessionSide) {
        if side == .client { clientParts.append(payload) } else { backendParts.append(payload) }
    }

    func takeParts(of side: SessionSide) -> UniqueArray<UInt8> {
        side == .client ? clientParts.take() : backendParts.take()
    }

    /// Whether the message that is coming in is too large to be kept, and can be passed on in parts from here on.
    func beginsStream(of side: SessionSide) -> Bool {
        let count = side == .client ? clientParts.count : backendParts.count
        guard count > terms.rules.maxMessage else { return false }
        guard side == .backend || machine.isCarried else {
            trim()
            return false
        }
        machine.streamBegins(from: side)
        if side == .client { streams.client = true } else { streams.backend = true }
        return true
    }

    func streamEnds(from side: SessionSide) {
        if side == .client { streams.client = false } else { streams.backend = false }
        let orders = machine.streamEnds(from: side, at: worker.loop.now)
        if side == .client, !machine.isOver {
            if firsts.count < terms.rules.replayFirst { firsts.appendGap() }
            if machine.count.resends { store.appendGap() }
        }
        carryOut(orders)
        planPing()
    }

    /// Takes a whole message of the client. Whether it goes to the backend now.
    func takes(_ opcode: Opcode, _ payload: Span<UInt8>) -> Bool {
        guard !machine.isOver else { return machine.isCarried }
        if firsts.count < terms.rules.replayFirst { firsts.append(opcode, payload) }
        let decision = machine.clientMessage(at: worker.loop.now)
        if decision != .passes || machine.count.resends { store.append(opcode, payload) }
        switch decision {
        case .passes:
            trim()
            planPing()
            return true
        case .waits(let orders):
            carryOut(orders)
            return false
        }
    }
}
