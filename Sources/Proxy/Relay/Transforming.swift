internal import BasicContainers
internal import Configuration
internal import Durations
internal import EventLoop
internal import PerMessageDeflate
internal import WebSocketProtocol

// The way of a session with permessage-deflate on one side or on both (RFC 7692). Each side keeps to its own agreement: a
// message that comes in compressed is inflated, one that is worth it on the other side is deflated there, and one that
// needs neither goes through as it came. All of it streams, and what one read brings leaves in one write.
extension Session {
    /// Bytes that are composed before they are passed on, and that may wait for the other side. What is inflated takes
    /// memory in steps, so that a small message that means a large one can't take more than its sender has earned.
    private func most(from peer: WebSocketPeer) -> Int {
        peer.compression == nil ? PlainRoom.most : PlainRoom.bytes(received: peer.tally.bytesReceived)
    }

    /// Bytes that may be inflated now.
    private func room(from peer: WebSocketPeer, to other: WebSocketPeer, composed: Int) -> Int {
        let waiting = other.transport.bufferedBytes &+ composed
        let step = PlainRoom.step(received: peer.tally.bytesReceived, waiting: waiting)
        return other.transport.room(within: step)
    }

    /// How long, and how often in a row, a message waits for memory.
    private static let shortageTime = Duration.milliseconds(50).nanoseconds
    private static let mostShortages = 100

    /// - Parameter part: what the bytes begin with, when they had to wait.
    func transform(
        _ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from peer: WebSocketPeer,
        to other: WebSocketPeer
    ) throws(ProtocolViolation) {
        var position = 0
        let most = most(from: peer)
        var output = worker.scratch.take()
        var violation: ProtocolViolation?
        do throws(ProtocolViolation) {
            if let part {
                position = part.count
                try inflatePart(
                    bytes.span, 0..<part.count, isLast: part.isLast, from: peer, to: other, into: &output)
            }
            if peer.isRated, part != nil { stopIfOverRate(peer, to: other, &output) }
            while goesOn(peer), let slice = try peer.frames.next(bytes.span, from: &position) {
                if slice.isControl {
                    pass(&output, from: peer, to: other, isMidFrame: false)
                    controlBytes(&bytes, slice, from: peer)
                } else {
                    try transformSlice(&bytes, slice, from: peer, to: other, into: &output)
                    if output.count > most {
                        pass(&output, from: peer, to: other, isMidFrame: peer.transit.isMidFrame)
                    }
                    if peer.isRated, slice.endsMessage { stopIfOverRate(peer, to: other, &output) }
                }
            }
        } catch {
            violation = error
        }
        pass(&output, from: peer, to: other, isMidFrame: peer.transit.isMidFrame)
        worker.scratch.release(output)
        if let compression = peer.compression { worker.contextMemory.touched(compression) }
        if let compression = other.compression { worker.contextMemory.touched(compression) }
        if let violation { throw violation }
        // Where something waits already, this is what comes behind it.
        if peer.isHeard { peer.keep(bytes.span.extracting(min(position, bytes.count)..<bytes.count)) }
    }

    /// What is over a rate waits: with `holds` set, nothing more is looked at.
    private func stopIfOverRate(
        _ peer: WebSocketPeer, to other: WebSocketPeer, _ output: inout UniqueArray<UInt8>
    ) {
        _ = isOverRate(peer) {
            pass(&output, from: peer, to: other, isMidFrame: peer.transit.isMidFrame)
        }
    }

    /// What may become more than it is waits as soon as the other side doesn't take what it became, in the middle of a
    /// read too: nothing is made for a peer that takes nothing.
    private func goesOn(_ peer: WebSocketPeer) -> Bool {
        peer.isHeard && !peer.hasPending
            && (peer.holds.isEmpty || peer.compression == nil && !peer.holds.contains(.rate))
    }

    /// Passes what was composed and empties it.
    func pass(
        _ output: inout UniqueArray<UInt8>, from peer: WebSocketPeer, to other: WebSocketPeer,
        isMidFrame: Bool
    ) {
        other.passData(output.span)
        output.removeAll(keepingCapacity: true)
        if other.isMidFrame != isMidFrame {
            if isMidFrame { frameBegins(towards: other) } else { frameEnds(towards: other) }
        }
        guard peer.compression != nil, !peer.isPaused else { return }
        let most = min(most(from: peer), route.limits.buffer)
        if other.transport.isFull(beyond: most) { pause(peer, because: other) }
    }

    private func transformSlice(
        _ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, from peer: WebSocketPeer,
        to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) {
        if slice.beginsMessage { begin(slice.header, from: peer, to: other) }
        guard peer.transit.isTransformed else {
            peer.count(slice)
            try checkText(bytes.span, slice, from: peer)
            if slice.heldHeader > 0 { peer.frames.appendHeldHeader(to: &output) }
            output.append(copying: bytes.span.extracting(slice.start..<slice.payload.upperBound))
            peer.transit.isMidFrame = !slice.endsFrame
            return
        }
        applyMask(&bytes, in: slice.payload, key: slice.header.maskingKey, offset: slice.payloadOffset)
        if let compression = peer.compression, compression.isInflating {
            worker.metrics.countInflated(from: peer.side, plain: 0, compressed: slice.payload.count)
            return try inflatePart(
                bytes.span, slice.payload, isLast: slice.endsMessage, from: peer, to: other, into: &output)
        }
        peer.count(slice)
        let payload = bytes.span.extracting(slice.payload)
        try checkPlainText(payload, isLast: slice.endsMessage, from: peer)
        compose(payload, isLast: slice.endsMessage, from: peer, to: other, into: &output)
        if slice.endsMessage { endMessage(from: peer, to: other) }
    }

    /// Inflates payload as far as the other side takes what becomes of it; the rest waits.
    private func inflatePart(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isLast: Bool, from peer: WebSocketPeer,
        to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) {
        guard let compression = peer.compression else { return }
        var position = 0
        let payload = bytes.extracting(range)
        let isDone = try inflate(
            payload, from: &position, isLast: isLast, compression, from: peer, to: other, into: &output)
        guard isDone else {
            return peer.keep(
                payload.extracting(position..<payload.count),
                part: PendingInput.Part(count: payload.count - position, isLast: isLast))
        }
        guard isLast else { return }
        peer.countMessage(isText: peer.transit.opcode == .text)
        endMessage(from: peer, to: other)
    }

    private func endMessage(from peer: WebSocketPeer, to other: WebSocketPeer) {
        peer.transit.isTransformed = false
        peer.compression?.isInflating = false
        other.compression?.isDeflating = false
    }

    /// A message begins: what is to be done with it.
    private func begin(_ header: FrameHeader, from peer: WebSocketPeer, to other: WebSocketPeer) {
        let inflates = header.rsv1 && peer.compression != nil
        peer.compression?.isInflating = inflates
        let deflates = other.compression?.isWorth(header, isInflated: inflates, worker) ?? false
        other.compression?.isDeflating = deflates
        let isWatched =
            isRead && watchBegins(header, isReadable: !header.rsv1 || inflates, from: peer)
        peer.transit.begin(
            header, isTransformed: inflates || deflates || isWatched || parts != nil)
        peer.text = header.opcode == .text ? UTF8Validator() : nil
    }

    /// False when it stopped before the end of the payload.
    private func inflate(
        _ payload: Span<UInt8>, from position: inout Int, isLast: Bool, _ compression: PeerCompression,
        from peer: WebSocketPeer, to other: WebSocketPeer, into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) -> Bool {
        while true {
            guard !worker.inflation.isSpent(at: worker.loop.now) else {
                peer.waitForTurn()
                return false
            }
            guard waitsForNoOther(compression, of: peer) else { return false }
            let room = room(from: peer, to: other, composed: output.count)
            var plain = worker.scratch.take()
            let start = position
            let state: OnInflate
            do throws(ProtocolViolation) {
                state = try step(
                    payload, from: &position, isLast: isLast, compression, room: room, into: &plain)
                try checkPlainText(plain.span, isLast: state == .messageComplete, from: peer)
            } catch {
                worker.scratch.release(plain)
                if error == .outOfMemory, waitForMemory(compression, of: peer) { return false }
                throw error
            }
            compression.shortages = 0
            let made = plain.count
            peer.count(payload: made)
            worker.metrics.countInflated(from: peer.side, plain: made, compressed: 0)
            compose(
                plain.span, isLast: state == .messageComplete, from: peer, to: other, into: &output)
            worker.scratch.release(plain)
            let wait = compression.allowance.took(position - start, becoming: made, at: worker.loop.now)
            if wait > 0 { throttle(peer, for: wait, limit: "inflate_ratio") }
            if output.count >= room { pass(&output, from: peer, to: other, isMidFrame: false) }
            worker.inflation.spend(made, at: worker.loop.now)
            guard state == .outputFull else { return true }
            guard peer.holds.isEmpty else { return false }
        }
    }

    /// There is no memory for zlib's state: that shows before anything is used of a message, which waits until there is
    /// some. False when that took too long.
    private func waitForMemory(_ compression: PeerCompression, of peer: WebSocketPeer) -> Bool {
        guard compression.shortages < Self.mostShortages else { return false }
        compression.shortages += 1
        worker.contextMemory.giveUpOldest(sparing: compression)
        throttle(peer, for: Self.shortageTime, limit: "memory")
        return true
    }

    /// Where the connection of this side carries many sessions, they share what zlib may take for it: a message waits
    /// until those before it have ended. Each of them has its own deadlines.
    private func waitsForNoOther(_ compression: PeerCompression, of peer: WebSocketPeer) -> Bool {
        let now = worker.loop.now
        if compression.mayInflate(received: peer.tally.bytesReceived, worker.contextMemory, at: now) {
            return true
        }
        throttle(peer, for: Self.shortageTime, limit: "buffer")
        return false
    }

    private func step(
        _ payload: Span<UInt8>, from position: inout Int, isLast: Bool, _ compression: PeerCompression,
        room: Int, into plain: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) -> OnInflate {
        do throws(InflateError) {
            return try compression.inflater.inflate(
                payload, from: &position, endOfMessage: isLast, room: room, appendingTo: &plain)
        } catch {
            throw ProtocolViolation(error)
        }
    }

    /// Frames plain bytes for the other side, unless they bring a new token.
    private func compose(
        _ payload: Span<UInt8>, isLast: Bool, from peer: WebSocketPeer, to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        guard isRead else {
            return composeAll(payload, isLast: isLast, from: peer, to: other, into: &output)
        }
        guard peer === client, lease != nil else {
            return composeKept(payload, isLast: isLast, from: peer, to: other, into: &output)
        }
        switch watched(payload, isLast: isLast, opcode: peer.transit.opcode) {
        case .passes: composeKept(payload, isLast: isLast, from: peer, to: other, into: &output)
        case .passesAll(let whole):
            composeKept(whole.span, isLast: isLast, from: peer, to: other, into: &output)
        case .stays: break
        }
    }

    /// Frames plain bytes for the other side, or keeps them until the message is whole.
    private func composeKept(
        _ payload: Span<UInt8>, isLast: Bool, from peer: WebSocketPeer, to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        if let parts {
            keep(payload, isLast: isLast, parts, from: peer, to: other, into: &output)
        } else {
            composeAll(payload, isLast: isLast, from: peer, to: other, into: &output)
        }
    }

    /// Frames plain bytes for the other side, deflated where that was decided.
    func composeAll(
        _ payload: Span<UInt8>, isLast: Bool, from peer: WebSocketPeer, to other: WebSocketPeer,
        into output: inout UniqueArray<UInt8>
    ) {
        // RFC 6455, 5.3: a key of ours, since the client's is for the client's bytes.
        let key = other.side == .backend ? worker.randomMask() : nil
        guard let compression = other.compression, compression.isDeflating else {
            peer.transit.append(payload, isLast: isLast, compressed: false, maskingKey: key, to: &output)
            return
        }
        var packed = worker.scratch.take()
        if compression.deflater.compress(payload, endOfMessage: isLast, appendingTo: &packed) {
            peer.transit.append(packed.span, isLast: isLast, compressed: true, maskingKey: key, to: &output)
            compression.sampler.compressed(payload.count, to: packed.count)
            worker.metrics.countDeflated(to: other.side, plain: payload.count, compressed: packed.count)
        } else {
            // No memory for zlib: that shows only with the first bytes of a message, and it goes as it is.
            compression.isDeflating = false
            peer.transit.append(payload, isLast: isLast, compressed: false, maskingKey: key, to: &output)
        }
        worker.scratch.release(packed)
    }
}
