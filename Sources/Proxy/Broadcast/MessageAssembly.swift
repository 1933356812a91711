internal import BasicContainers
internal import PerMessageDeflate
internal import WebSocketProtocol

/// A data message that comes in pieces and is wanted whole. Exists only while one does.
final class MessageAssembly {
    let opcode: Opcode
    private let limit: Int
    private var inflater: Inflater?
    private var text: UTF8Validator?
    /// What has come, unmasked and inflated.
    private(set) var payload = UniqueArray<UInt8>()
    /// It is over the limit: what has come was given back, and the rest is not kept.
    private(set) var isTooBig = false

    /// - Parameters:
    ///   - limit: bytes that it may have.
    ///   - inflater: where the message is compressed.
    init(_ opcode: Opcode, limit: Int, inflater: consuming Inflater?) {
        self.opcode = opcode
        self.limit = limit
        self.inflater = inflater
        text = opcode == .text ? UTF8Validator() : nil
    }

    /// Takes the next piece, and the end with the last one.
    func append(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        guard inflater == nil else { return try inflate(piece, isLast: isLast) }
        try check(piece, isLast: isLast)
        guard !isTooBig else { return }
        guard payload.count + piece.count <= limit else {
            isTooBig = true
            payload = UniqueArray<UInt8>()
            return
        }
        payload.append(copying: piece)
    }

    private func check(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        guard text != nil else { return }
        let isText = text?.accept(piece) ?? true
        guard isText, !isLast || text?.isComplete ?? true else { throw .invalidUTF8 }
    }

    private func inflate(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        var position = 0
        var state = OnInflate.outputFull
        while state == .outputFull {
            var plain = UniqueArray<UInt8>()
            do throws(InflateError) {
                // The inflater's own limits bound what becomes of it.
                state =
                    try inflater?.inflate(
                        piece, from: &position, endOfMessage: isLast, room: 64 * 1024,
                        appendingTo: &plain) ?? .messageComplete
            } catch {
                throw ProtocolViolation(error)
            }
            try check(plain.span, isLast: state == .messageComplete)
            payload.append(copying: plain.span)
        }
    }
}
