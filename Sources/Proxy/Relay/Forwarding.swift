internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

// The way of a session that needs no transformation: frames go through as they came, masking key included, and only
// their headers are parsed (rule 4). Control frames stop here: each leg answers its own.
extension Session {
    func forward(_ bytes: inout MutableSpan<UInt8>, from leg: Leg, to other: Leg) throws(ProtocolViolation) {
        var position = 0
        // What has been looked at and may be passed on in one write.
        var run = 0..<0
        do throws(ProtocolViolation) {
            while !leg.isDeaf, let slice = try leg.frames.next(bytes.span, from: &position) {
                if slice.header.opcode.isControl {
                    other.passData(bytes.span.extracting(run))
                    run = position..<position
                    controlBytes(&bytes, slice, from: leg)
                    continue
                }
                try checkText(&bytes, slice, from: leg)
                if slice.heldHeader > 0 { passHeldHeader(of: leg, to: other) }
                run = (run.isEmpty ? slice.start : run.lowerBound)..<slice.payload.upperBound
                leg.count(slice)
                guard slice.endsFrame else {
                    other.passData(bytes.span.extracting(run))
                    run = position..<position
                    other.isMidFrame = true
                    continue
                }
                guard other.isMidFrame else { continue }
                // The frame under way ends here: what waited for its end follows it.
                other.passData(bytes.span.extracting(run))
                run = position..<position
                other.isMidFrame = false
            }
        } catch {
            other.passData(bytes.span.extracting(run))
            throw error
        }
        other.passData(bytes.span.extracting(run))
    }

    /// Text must be UTF-8, whoever sent it (RFC 6455, 8.1). A masked payload is unmasked in place and masked again, which
    /// costs two passes at memory speed and no copy.
    func checkText(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, from leg: Leg)
        throws(ProtocolViolation)
    {
        if slice.beginsMessage {
            leg.text = slice.header.opcode == .text && !slice.header.rsv1 ? UTF8Validator() : nil
        }
        guard leg.text != nil else { return }
        let header = slice.header
        applyMask(&bytes, in: slice.payload, key: header.maskingKey, offset: slice.payloadOffset)
        let isText = leg.text?.accept(bytes.span.extracting(slice.payload)) ?? true
        applyMask(&bytes, in: slice.payload, key: header.maskingKey, offset: slice.payloadOffset)
        guard isText, !slice.endsMessage || leg.text?.isComplete ?? true else { throw .invalidUTF8 }
    }

    /// What has been unmasked or inflated of a message.
    func checkPlainText(_ bytes: Span<UInt8>, isLast: Bool, from leg: Leg) throws(ProtocolViolation) {
        guard leg.text != nil else { return }
        let isText = leg.text?.accept(bytes) ?? true
        guard isText, !isLast || leg.text?.isComplete ?? true else { throw .invalidUTF8 }
    }

    /// The first bytes of a header that was split between two reads, kept back because it might have been a Close.
    private func passHeldHeader(of leg: Leg, to other: Leg) {
        var held = worker.scratch.take()
        leg.frames.appendHeldHeader(to: &held)
        other.passData(held.span)
        worker.scratch.giveBack(held)
    }

    /// Part of a control frame, or all of it.
    func controlBytes(_ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, from leg: Leg) {
        do throws(ProtocolViolation) {
            let close = try leg.takeControl(
                bytes.span.extracting(slice.payload), slice, at: worker.loop.now,
                limit: route.limits.controlFramesPerSecond)
            if let close { closeReceived(close, from: leg) }
        } catch {
            fail(leg, error)
        }
    }
}
