/// What a Close frame says (RFC 6455, 5.5.1): nothing, or a code and a reason.
package struct ClosePayload: Equatable, Sendable {
    /// nil when the frame was empty.
    package let code: CloseCode?
    package let reason: String

    /// A code and a reason of ours; the reason is cut at a character's end when it is longer than 123 bytes.
    package init(_ code: CloseCode, _ reason: String) {
        self.code = code
        var cut = reason
        while cut.utf8.count > 123 { cut.removeLast() }
        self.reason = cut
    }

    /// A frame's payload, unmasked.
    package init(parsing bytes: [UInt8]) throws(ProtocolViolation) {
        guard !bytes.isEmpty else {
            code = nil
            reason = ""
            return
        }
        guard bytes.count >= 2 else { throw .closePayloadOfOneByte }
        let code = CloseCode(rawValue: UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        guard code.isLegalOnWire else { throw .illegalCloseCode(code.rawValue) }
        guard let reason = String(validating: bytes.dropFirst(2), as: UTF8.self) else { throw .invalidUTF8 }
        self.code = code
        self.reason = reason
    }

    /// The payload on the wire.
    package var encoded: [UInt8] {
        guard let code else { return [] }
        return [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + Array(reason.utf8)
    }
}
