/// What a Close frame says (RFC 6455, 5.5.1): nothing, or a code and a reason.
package struct ClosePayload: Equatable, Sendable {
    /// The longest reason in bytes: a control frame's 125 less the code's two.
    package static let largestReason = 123

    /// nil when the frame is empty.
    package let code: CloseCode?
    /// Text for people, empty or up to 123 bytes.
    package let reason: String

    /// Nothing said: what a received Close without a code is answered with.
    package static let empty = ClosePayload(nil, "")

    private init(_ code: CloseCode?, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// A code and a reason of ours; the reason is cut at a character's end when it is longer than 123 bytes.
    ///
    /// A code that must not be sent (1005 and 1006 above all, 7.4.1) says nothing: the payload is empty.
    package init(_ code: CloseCode, _ reason: String) {
        guard code.isLegalOnWire else {
            self = .empty
            return
        }
        self.init(Optional(code), ClosePayload.cut(reason))
    }

    /// A frame's payload, unmasked.
    package init(parsing bytes: [UInt8]) throws(ProtocolViolation) {
        guard !bytes.isEmpty else {
            self = .empty
            return
        }
        guard bytes.count >= 2 else { throw .closePayloadOfOneByte }
        let code = CloseCode(rawValue: UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        guard code.isLegalOnWire else { throw .illegalCloseCode(code.rawValue) }
        // What is no text is repaired, and comes out as other bytes.
        let reason = String(decoding: bytes[2...], as: UTF8.self)
        guard reason.utf8.elementsEqual(bytes[2...]) else { throw .invalidUTF8 }
        self.init(Optional(code), reason)
    }

    /// The payload on the wire.
    package var encoded: [UInt8] {
        guard let code else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + reason.utf8.count)
        bytes.append(UInt8(code.rawValue >> 8))
        bytes.append(UInt8(code.rawValue & 0xFF))
        bytes.append(contentsOf: reason.utf8)
        return bytes
    }

    private static func cut(_ reason: String) -> String {
        guard reason.utf8.count > largestReason else { return reason }
        var kept = String.UnicodeScalarView()
        var size = 0
        for scalar in reason.unicodeScalars {
            size += UTF8.width(scalar)
            guard size <= largestReason else { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
