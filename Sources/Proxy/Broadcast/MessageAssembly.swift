internal import BasicContainers
internal import EventLoop
internal import WebSocketProtocol

/// A data message of a feed that comes in pieces and is wanted whole. Exists only while one does.
final class MessageAssembly {
    let opcode: Opcode
    private let limit: Int
    private var text: UTF8Validator?
    /// What has come.
    private(set) var payload: HeldBytes
    /// It is over the limit: what has come was given back, and the rest is not kept.
    private(set) var isTooBig = false

    /// - Parameter limit: bytes that it may have.
    init(_ opcode: Opcode, limit: Int, on account: MemoryAccount) {
        self.opcode = opcode
        self.limit = limit
        payload = HeldBytes(on: account)
        text = opcode == .text ? UTF8Validator() : nil
    }

    /// Takes the next piece, and the end with the last one.
    func append(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        try check(piece, isLast: isLast)
        guard !isTooBig else { return }
        guard payload.count <= limit - min(piece.count, limit), piece.count <= limit else {
            isTooBig = true
            return payload.removeAll()
        }
        payload.append(piece)
    }

    private func check(_ piece: Span<UInt8>, isLast: Bool) throws(ProtocolViolation) {
        guard text != nil else { return }
        let isText = text?.accept(piece) ?? true
        guard isText, !isLast || text?.isComplete ?? true else { throw .invalidUTF8 }
    }
}
