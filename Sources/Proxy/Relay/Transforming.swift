internal import BasicContainers
internal import PerMessageDeflate
internal import WebSocketProtocol

// The way of a session with permessage-deflate on one leg or on both (RFC 7692). Each leg keeps to its own agreement: a
// message that comes in compressed is inflated, one that is worth it on the other leg is deflated there, and one that
// needs neither goes through as it came. All of it streams, and what one read brings leaves in one write.
extension Session {
    /// Inflated bytes are passed on in frames no larger than this, so that a small message that means a large one
    /// takes memory in steps.
    private static let step = 64 * 1024

    func transform(_ bytes: inout MutableSpan<UInt8>, from leg: Leg, to other: Leg) throws(ProtocolViolation)
    {
        var position = 0
        var output = worker.scratch.take()
        var violation: ProtocolViolation?
        do throws(ProtocolViolation) {
            while !leg.isDeaf, let slice = try leg.frames.next(bytes.span, from: &position) {
                if slice.isControl {
                    pass(&output, to: other, isMidFrame: false)
                    controlBytes(&bytes, slice, from: leg)
                } else {
                    try transformSlice(&bytes, slice, from: leg, to: other, into: &output)
                }
            }
        } catch {
            violation = error
        }
        pass(&output, to: other, isMidFrame: leg.transit.isMidFrame)
        worker.scratch.giveBack(output)
        if let compression = leg.compression { worker.contextMemory.touched(compression) }
        if let compression = other.compression { worker.contextMemory.touched(compression) }
        if let violation { throw violation }
    }

    /// Passes what was composed and empties it.
    private func pass(_ output: inout UniqueArray<UInt8>, to leg: Leg, isMidFrame: Bool) {
        leg.passData(output.span)
        output.removeAll(keepingCapacity: true)
        if leg.isMidFrame != isMidFrame { leg.isMidFrame = isMidFrame }
    }

    private func transformSlice(
        _ bytes: inout MutableSpan<UInt8>, _ slice: FrameSlice, from leg: Leg, to other: Leg,
        into output: inout UniqueArray<UInt8>
    ) throws(ProtocolViolation) {
        if slice.beginsMessage { begin(slice.header, from: leg, to: other) }
        guard leg.transit.isTransformed else {
            leg.count(slice)
            try checkText(bytes.span, slice, from: leg)
            if slice.heldHeader > 0 { leg.frames.appendHeldHeader(to: &output) }
            output.append(copying: bytes.span.extracting(slice.start..<slice.payload.upperBound))
            leg.transit.isMidFrame = !slice.endsFrame
            return
        }
        applyMask(&bytes, in: slice.payload, key: slice.header.maskingKey, offset: slice.payloadOffset)
        let payload = bytes.span.extracting(slice.payload)
        if let compression = leg.compression, compression.isInflating {
            worker.metrics.countInflated(from: leg.peer, plain: 0, compressed: payload.count)
            try inflate(payload, isLast: slice.endsMessage, compression, from: leg, to: other, into: &output)
            if slice.endsMessage { leg.countMessage(isText: leg.transit.opcode == .text) }
        } else {
            leg.count(slice)
            try checkPlainText(payload, isLast: slice.endsMessage, from: leg)
            compose(payload, isLast: slice.endsMessage, from: leg, to: other, into: &output)
        }
        guard slice.endsMessage else { return }
        leg.transit.isTransformed = false
        leg.compression?.isInflating = false
        other.compression?.isDeflating = false
    }

    /// A message begins: what is to be done with it.
    private func begin(_ header: FrameHeader, from leg: Leg, to other: Leg) {
        let inflates = header.rsv1 && leg.compression != nil
        leg.compression?.isInflating = inflates
        let deflates = other.compression.map { isWorthCompressing(header, isInflated: inflates, $0) } ?? false
        other.compression?.isDeflating = deflates
        leg.transit.begin(header, isTransformed: inflates || deflates)
        leg.text = header.opcode == .text ? UTF8Validator() : nil
    }

    private func inflate(
        _ payload: Span<UInt8>, isLast: Bool, _ compression: LegCompression, from leg: Leg, to other: Leg,
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
            leg.tally.messageBytes &+= UInt64(plain.count)
            worker.metrics.countInflated(from: leg.peer, plain: plain.count, compressed: 0)
            if violation == nil {
                do throws(ProtocolViolation) {
                    let isLast = state == .messageComplete
                    try checkPlainText(plain.span, isLast: isLast, from: leg)
                    compose(plain.span, isLast: isLast, from: leg, to: other, into: &output)
                } catch {
                    violation = error
                }
            }
            worker.scratch.giveBack(plain)
            if let violation { throw violation }
            if output.count > Self.step { pass(&output, to: other, isMidFrame: false) }
        }
    }

    /// Frames plain bytes for the other leg, deflated where that was decided.
    private func compose(
        _ payload: Span<UInt8>, isLast: Bool, from leg: Leg, to other: Leg,
        into output: inout UniqueArray<UInt8>
    ) {
        // RFC 6455, 5.3: a key of ours, since the client's is for the client's bytes.
        let key = other.peer == .backend ? worker.randomMask() : nil
        guard let compression = other.compression, compression.isDeflating else {
            leg.transit.append(payload, isLast: isLast, compressed: false, maskingKey: key, to: &output)
            return
        }
        var packed = worker.scratch.take()
        if compression.deflater.compress(payload, endOfMessage: isLast, appendingTo: &packed) {
            leg.transit.append(packed.span, isLast: isLast, compressed: true, maskingKey: key, to: &output)
            compression.sampler.compressed(payload.count, to: packed.count)
            worker.metrics.countDeflated(to: other.peer, plain: payload.count, compressed: packed.count)
        } else {
            // No memory for zlib: that shows only with the first bytes of a message, and it goes as it is.
            compression.isDeflating = false
            leg.transit.append(payload, isLast: isLast, compressed: false, maskingKey: key, to: &output)
        }
        worker.scratch.giveBack(packed)
    }

    /// The size of a fragmented message is not known when it begins, and that of a compressed one neither: they are taken
    /// for long ones.
    private func isWorthCompressing(
        _ header: FrameHeader, isInflated: Bool, _ compression: LegCompression
    ) -> Bool {
        let isSmall = header.fin && !isInflated && header.payloadLength < compression.minimumSize
        guard !isSmall, compression.deflater.isAble, compression.sampler.wantsNext() else { return false }
        // Rather uncompressed than over the budget.
        return compression.deflater.holdsContext
            || worker.contextMemory.makeRoom(for: compression.deflater.contextBytes, sparing: compression)
    }
}

extension ProtocolViolation {
    init(_ error: InflateError) {
        self =
            switch error {
            case .invalidData: .invalidCompressedData
            case .outOfMemory: .outOfMemory
            case .messageTooBig(let limit): .messageTooBig(limit: limit)
            case .ratioTooHigh(let limit): .inflateRatioTooHigh(limit: limit)
            }
    }
}
