internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import WebSocketProtocol

// The way of a session that needs no transformation: frames go through as they came, masking key included, and only
// their headers are parsed (rule 4). Control frames stop here: each side answers its own.
extension Session {
    /// - Parameter isRated: it is looked at after each message whether it was one too many.
    func forward(
        _ bytes: inout MutableSpan<UInt8>, from peer: WebSocketPeer, to other: WebSocketPeer, isRated: Bool
    ) throws(ProtocolViolation) {
        // Borrowed once for all frames of a read: each access to an object's state is checked for exclusivity while
        // running. So nothing that is called from here may ask the side for its reader.
        let end = try forward(&bytes, &peer.frames, from: peer, to: other, isRated)
        // What is over a rate waits.
        if isRated, peer.isHeard {
            peer.keep(bytes.span.extracting(min(end, bytes.count)..<bytes.count))
        }
    }

    /// Returns up to where the bytes were read.
    private func forward(
        _ bytes: inout MutableSpan<UInt8>, _ frames: inout FrameReader, from peer: WebSocketPeer,
        to other: WebSocketPeer, _ isRated: Bool
    ) throws(ProtocolViolation) -> Int {
        var position = 0
        var run = LookedAt()
        defer { run.pass(bytes.span, to: other, goingOnAt: position) }
        while peer.isHeard, position < bytes.count {
            if !isRated, !other.isMidFrame {
                let whole = frames.wholeMessages(bytes.span, from: position)
                if whole.count > 0 {
                    run.add(position, to: whole.end)
                    position = whole.end
                    peer.count(whole)
                    continue
                }
            }
            guard let slice = try frames.next(bytes.span, from: &position) else { break }
            if slice.isControl {
                run.pass(bytes.span, to: other, goingOnAt: position)
                controlBytes(&bytes, slice, from: peer)
                continue
            }
            try checkText(bytes.span, slice, from: peer)
            if slice.heldHeader > 0 { passHeldHeader(of: frames, to: other) }
            run.add(slice.start, to: slice.payload.upperBound)
            peer.count(slice)
            // The next frame may need to know where this one stands; and what waited for its end follows it.
            if !slice.endsFrame || other.isMidFrame || isRated && slice.endsMessage {
                run.pass(bytes.span, to: other, goingOnAt: position)
                guard endsPart(slice, from: peer, to: other, isRated) else { break }
            }
        }
        return position
    }

    /// A part of a frame has been passed on. False where the peer is over its rate by it.
    @inline(__always)
    private func endsPart(
        _ slice: FrameSlice, from peer: WebSocketPeer, to other: WebSocketPeer, _ isRated: Bool
    ) -> Bool {
        guard slice.endsFrame else {
            frameBegins(towards: other)
            return true
        }
        if other.isMidFrame { frameEnds(towards: other) }
        return !(isRated && slice.endsMessage && isOverRate(peer))
    }

    /// Text must be UTF-8, whoever sent it (RFC 6455, 8.1). It is read through its mask and stays masked.
    func checkText(_ bytes: Span<UInt8>, _ slice: FrameSlice, from peer: WebSocketPeer)
        throws(ProtocolViolation)
    {
        if slice.beginsMessage {
            let isText = slice.beginsPlainText
            guard !slice.endsMessage else {
                // Nearly all there are: the side needs to remember nothing.
                if isText, !isWholeText(bytes, slice) { throw .invalidUTF8 }
                return
            }
            peer.text = isText ? UTF8Validator() : nil
        }
        guard peer.text != nil else { return }
        let isText =
            peer.text?.accept(
                bytes.extracting(slice.payload), key: slice.header.maskingKey, offset: slice.payloadOffset)
            ?? true
        guard isText, !slice.endsMessage || peer.text?.isComplete ?? true else { throw .invalidUTF8 }
    }

    private func isWholeText(_ bytes: Span<UInt8>, _ slice: FrameSlice) -> Bool {
        var text = UTF8Validator()
        return text.accept(bytes.extracting(slice.payload), key: slice.header.maskingKey, offset: 0)
            && text.isComplete
    }

    /// What has been unmasked or inflated of a message.
    func checkPlainText(_ bytes: Span<UInt8>, isLast: Bool, from peer: WebSocketPeer)
        throws(ProtocolViolation)
    {
        guard peer.text != nil else { return }
        let isText = peer.text?.accept(bytes) ?? true
        guard isText, !isLast || peer.text?.isComplete ?? true else { throw .invalidUTF8 }
    }

    /// The first bytes of a header that was split between two reads, kept back because it might have been a Close.
    private func passHeldHeader(of frames: borrowing FrameReader, to other: WebSocketPeer) {
        var held = worker.scratch.take()
        frames.appendHeldHeader(to: &held)
        other.passData(held.span)
        worker.scratch.release(held)
    }

    /// Part of a control frame, or all of it.
    func controlBytes(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, from peer: WebSocketPeer) {
        do throws(ProtocolViolation) {
            let close = try peer.takeControl(
                bytes.span.extracting(slice.payload), slice, at: worker.loop.now)
            if let close { closeReceived(close, from: peer) }
        } catch {
            fail(peer, error)
        }
    }
}

/// What of a read has been looked at and may be passed on in one write.
private struct LookedAt {
    private var range = 0..<0

    @inline(__always)
    mutating func add(_ start: Int, to end: Int) {
        range = (range.isEmpty ? start : range.lowerBound)..<end
    }

    @inline(__always)
    mutating func pass(_ bytes: Span<UInt8>, to other: WebSocketPeer, goingOnAt position: Int) {
        other.passData(bytes.extracting(range))
        range = position..<position
    }
}
