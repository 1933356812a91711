internal import BasicContainers
internal import PerMessageDeflate
internal import WebSocketProtocol

// From a client that negotiated permessage-deflate to its backend: compressed messages are inflated as they come and
// go on as plain frames with a masking key of ours (RFC 6455, 5.3); plain ones go on as they are.
extension Session {
    /// Inflated bytes are passed on in frames no larger than this, so that a small message that means a large one
    /// takes memory in steps.
    private static let step = 64 * 1024

    func inflate(_ bytes: inout MutableSpan<UInt8>, _ compression: EdgeCompression) throws(ProtocolViolation)
    {
        var position = 0
        var output = worker.scratch.take()
        var violation: ProtocolViolation?
        do throws(ProtocolViolation) {
            while !client.isDeaf, let slice = try client.frames.next(bytes.span, from: &position) {
                if slice.header.opcode.isControl {
                    pass(&output, to: backend, isMidFrame: false)
                    controlBytes(&bytes, slice, from: client)
                } else {
                    try inflateSlice(&bytes, slice, compression, into: &output)
                }
            }
        } catch {
            violation = error
        }
        pass(&output, to: backend, isMidFrame: compression.fromClient.isMidFrame)
        worker.contextMemory.touched(compression)
        worker.scratch.giveBack(output)
        if let violation { throw violation }
    }

    private func inflateSlice(
        _ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, _ compression: EdgeCompression,
        into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) {
        if slice.beginsMessage {
            compression.fromClient.begin(slice.header, transformed: slice.header.rsv1)
            compression.text = UTF8Validator()
        }
        if slice.endsMessage { client.tally.messagesReceived &+= 1 }
        guard compression.fromClient.isTransformed else {
            try checkText(&bytes, slice, from: client)
            if slice.heldHeader > 0 { client.frames.appendHeldHeader(to: &output) }
            output.append(copying: bytes.span.extracting(slice.start..<slice.payload.upperBound))
            compression.fromClient.isMidFrame = !slice.endsFrame
            return
        }
        applyMask(&bytes, in: slice.payload, key: slice.header.maskingKey, offset: slice.payloadOffset)
        try inflatePayload(
            bytes.span.extracting(slice.payload), isLast: slice.endsMessage, compression, into: &output)
        if slice.endsMessage { compression.fromClient.isTransformed = false }
    }

    private func inflatePayload(
        _ payload: Span<UInt8>, isLast: Bool, _ compression: EdgeCompression,
        into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) {
        var position = 0
        var state = OnInflate.outputFull
        while state == .outputFull {
            var plain = worker.scratch.take()
            var violation: ProtocolViolation?
            do throws(InflateError) {
                state = try compression.inflater.inflate(
                    payload, from: &position, endOfMessage: isLast, room: Self.step, appendingTo: &plain)
            } catch {
                violation = ProtocolViolation(error)
            }
            if violation == nil, !isText(plain, isComplete: state == .messageComplete, compression) {
                violation = .invalidUTF8
            }
            if violation == nil {
                compression.fromClient.append(
                    plain.span, isLast: state == .messageComplete, compressed: false,
                    maskingKey: worker.randomMask(),
                    to: &output)
            }
            worker.scratch.giveBack(plain)
            if let violation { throw violation }
            if output.count > Self.step { pass(&output, to: backend, isMidFrame: false) }
        }
    }

    private func isText(
        _ plain: borrowing UniqueArray<UInt8>, isComplete: Bool, _ compression: EdgeCompression
    ) -> Bool {
        guard compression.fromClient.opcode == .text else { return true }
        return compression.text.accept(plain.span) && (!isComplete || compression.text.isComplete)
    }
}

extension ProtocolViolation {
    init(_ error: InflateError) {
        self =
            switch error {
            case .invalidData, .outOfMemory: .invalidCompressedData
            case .messageTooBig(let limit): .messageTooBig(limit: limit)
            case .ratioTooHigh(let limit): .inflateRatioTooHigh(limit: limit)
            }
    }
}
