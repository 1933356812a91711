internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// The way of a session that outlives one of its sides: messages are whole before they are passed on, so that nothing
// partial has been when a side goes.
extension Session {
    /// Takes a part of a message, or all of it.
    ///
    /// - Parameter output: what goes to the other side.
    func keep(
        _ payload: Span<UInt8>, isLast: Bool, _ parts: MessageParts, from peer: WebSocketPeer,
        to other: WebSocketPeer, into output: inout UniqueArray<UInt8>
    ) {
        // Nothing follows a Close (RFC 6455, 5.5.1), be it one that waits.
        guard peer !== client || continuity?.lastWords == nil else { return }
        continuity?.lastMessage = worker.loop.now
        if parts.isStreaming(peer.side) {
            composeAll(payload, isLast: isLast, from: peer, to: other, into: &output)
            guard isLast else { return }
            // Its end goes before whatever comes of it.
            pass(&output, from: peer, to: other, isMidFrame: false)
            return streamEnds(parts, from: peer.side)
        }
        if isLast, parts.count(of: peer.side) == 0 {
            return take(payload, from: peer, to: other, into: &output)
        }
        parts.append(payload, of: peer.side)
        if isLast {
            let whole = parts.take(of: peer.side)
            take(whole.span, from: peer, to: other, into: &output)
        } else if beginsStream(parts, of: peer.side) {
            let begun = parts.take(of: peer.side)
            composeAll(begun.span, isLast: false, from: peer, to: other, into: &output)
        }
    }

    private func take(
        _ payload: Span<UInt8>, from peer: WebSocketPeer, to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        let passes =
            peer === client
            ? takesClient(peer.transit.opcode, payload) : takesBackend(peer.transit.opcode, payload)
        if passes { composeAll(payload, isLast: true, from: peer, to: other, into: &output) }
    }

    private func takesClient(_ opcode: Opcode, _ payload: Span<UInt8>) -> Bool {
        continuity?.takes(opcode, payload) ?? (backend != nil)
    }

    private func takesBackend(_ opcode: Opcode, _ payload: Span<UInt8>) -> Bool {
        guard continuity?.machine.backendMessage() ?? true else { return false }
        return resume?.takes(opcode, payload) ?? true
    }

    /// Whether the message that is coming in is too large to be kept, and can be passed on in parts from here on.
    private func beginsStream(_ parts: MessageParts, of side: SessionSide) -> Bool {
        guard parts.count(of: side) > parts.most else { return false }
        let isTaken =
            side == .client
            ? continuity?.machine.isCarried ?? (backend != nil) : resume?.machine.isHere ?? true
        guard isTaken else {
            if side == .client { continuity?.trim() } else { resume?.settle() }
            return false
        }
        parts.streams(side, true)
        continuity?.machine.streamBegins(from: side)
        resume?.machine.streamBegins(from: side)
        return true
    }

    private func streamEnds(_ parts: MessageParts, from side: SessionSide) {
        parts.streams(side, false)
        resume?.streamEnds(from: side)
        continuity?.streamEnds(from: side)
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
        let key = peer.side == .backend ? worker.randomMask() : nil
        if let compression = peer.compression, compression.isWorth(header, isInflated: false, worker) {
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

// The client's messages, as they are kept for another backend.
extension Continuity {
    func streamEnds(from side: SessionSide) {
        let orders = machine.streamEnds(from: side, at: worker.loop.now)
        if side == .client, !machine.isOver {
            if let firsts, firsts.wantsMore { firsts.store.appendGap() }
            if machine.count.resends { store.appendGap() }
        }
        carryOut(orders)
        planPing()
    }

    /// Takes a whole message of the client. Whether it goes to the backend now.
    func takes(_ opcode: Opcode, _ payload: Span<UInt8>) -> Bool {
        guard !machine.isOver else { return machine.isCarried }
        if let firsts, firsts.wantsMore { firsts.store.append(opcode, payload) }
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
