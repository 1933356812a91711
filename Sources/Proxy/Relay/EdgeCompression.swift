internal import BasicContainers
internal import PerMessageDeflate
internal import WebSocketProtocol

/// The permessage-deflate of a session at the edge: the client's frames are compressed, the backend's are plain.
final class EdgeCompression: ContextHolder {
    /// One direction's message under way, and how it is framed for the other side.
    struct Message {
        /// It is transformed; otherwise its frames go through as they came.
        var isTransformed = false
        var opcode = Opcode.binary
        var isFirstFrame = true
        /// A frame that goes through as it came is not complete.
        var isMidFrame = false

        mutating func begin(_ header: FrameHeader, transformed: Bool) {
            self = Message(isTransformed: transformed, opcode: header.opcode)
        }

        /// Frames what is there of the message: all of it, or one more fragment. Nothing is sent for nothing.
        mutating func append(
            _ payload: Span<UInt8>, isLast: Bool, compressed: Bool, maskingKey: UInt32?,
            to output: inout UniqueArray<UInt8>
        ) {
            guard payload.count > 0 || isLast else { return }
            FrameWriter.append(
                isFirstFrame ? opcode : .continuation, fin: isLast, rsv1: compressed && isFirstFrame,
                payload: payload,
                maskingKey: maskingKey, to: &output)
            isFirstFrame = false
        }
    }

    let minimumSize: Int
    let sampler: ShrinkSampler
    var memoryPlace = ContextMemory.Place()
    var inflater: Inflater
    var deflater: Deflater
    var fromClient = Message()
    var fromBackend = Message()
    /// Checks text as it is inflated: a peer must fail a connection whose text is not UTF-8 (RFC 6455, 8.1).
    var text = UTF8Validator()

    init(
        _ agreement: DeflateAgreement, _ options: DeflateOptions, limits: InflateLimits,
        sampler: ShrinkSampler
    ) {
        self.sampler = sampler
        minimumSize = options.minimumSize
        inflater = Inflater(agreement, limits: limits)
        deflater = Deflater(agreement, options)
    }

    var heldBytes: Int { (deflater.holdsContext ? deflater.contextBytes : 0) + inflater.heldBytes }

    /// Gives memory back that an idle session doesn't need; it is rebuilt with the next message.
    func releaseIdleContexts() {
        if !fromBackend.isTransformed { deflater.releaseContext() }
        if !fromClient.isTransformed { inflater.releaseState() }
    }
}
