internal import BasicContainers
internal import PerMessageDeflate
internal import WebSocketProtocol

// From the backend to a client that negotiated permessage-deflate (RFC 7692, 7.2.1): messages worth it are compressed
// as they come. What one read brings leaves in one write.
extension Session {
    func deflate(_ bytes: inout MutableSpan<UInt8>, _ compression: EdgeCompression) throws(ProtocolViolation)
    {
        var position = 0
        var output = worker.scratch.take()
        var violation: ProtocolViolation?
        do throws(ProtocolViolation) {
            while !backend.isDeaf, let slice = try backend.frames.next(bytes.span, from: &position) {
                if slice.header.opcode.isControl {
                    pass(&output, to: client, isMidFrame: false)
                    controlBytes(&bytes, slice, from: backend)
                } else {
                    try checkText(&bytes, slice, from: backend)
                    deflateSlice(bytes.span, slice, compression, into: &output)
                }
            }
        } catch {
            violation = error
        }
        pass(&output, to: client, isMidFrame: compression.fromBackend.isMidFrame)
        worker.contextMemory.touched(compression)
        worker.scratch.giveBack(output)
        if let violation { throw violation }
    }

    /// Passes what was composed and empties it.
    func pass(_ output: inout UniqueArray<UInt8>, to leg: Leg, isMidFrame: Bool) {
        leg.passData(output.span)
        output.removeAll(keepingCapacity: true)
        if leg.isMidFrame != isMidFrame { leg.isMidFrame = isMidFrame }
    }

    private func deflateSlice(
        _ bytes: Span<UInt8>, _ slice: FrameSlice, _ compression: EdgeCompression,
        into output: inout UniqueArray<UInt8>
    ) {
        if slice.beginsMessage {
            compression.fromBackend.begin(
                slice.header, transformed: isWorthCompressing(slice.header, compression))
        }
        if slice.endsMessage { backend.tally.messagesReceived &+= 1 }
        guard compression.fromBackend.isTransformed else {
            if slice.heldHeader > 0 { backend.frames.appendHeldHeader(to: &output) }
            output.append(copying: bytes.extracting(slice.start..<slice.payload.upperBound))
            compression.fromBackend.isMidFrame = !slice.endsFrame
            return
        }
        var packed = worker.scratch.take()
        let payload = bytes.extracting(slice.payload)
        if compression.deflater.compress(payload, endOfMessage: slice.endsMessage, appendingTo: &packed) {
            compression.fromBackend.append(
                packed.span, isLast: slice.endsMessage, compressed: true, maskingKey: nil, to: &output)
        } else {
            // No memory for zlib: only before the first byte of a message, which then goes as it is.
            compression.fromBackend.append(
                payload, isLast: slice.endsMessage, compressed: false, maskingKey: nil, to: &output)
            if !slice.endsMessage { backend.isDeaf = true }
        }
        compression.sampler.compressed(payload.count, to: packed.count)
        worker.scratch.giveBack(packed)
        if slice.endsMessage { compression.fromBackend.isTransformed = false }
    }

    /// The size of a fragmented message is not known when it begins: it is taken for a long one.
    private func isWorthCompressing(_ header: FrameHeader, _ compression: EdgeCompression) -> Bool {
        guard !header.fin || header.payloadLength >= compression.minimumSize, compression.sampler.wantsNext()
        else { return false }
        // Rather uncompressed than over the budget.
        return compression.deflater.holdsContext
            || worker.contextMemory.makeRoom(for: compression.deflater.contextBytes, sparing: compression)
    }
}
