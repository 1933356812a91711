internal import ASCII

/// Version, status and reason of a response (RFC 9112, 4).
struct StatusLine: FirstLine {
    static let emptyLine = HeadError.badStatusLine
    static let mayFollowEmptyLine = false
    // RFC 9112, 5.1: a proxy removes it from a response.
    static let toleratesBlankBeforeColon = true
    private static let version = Array("HTTP/1.".utf8)

    private var position = 0
    private(set) var status = 0
    private(set) var reason: [UInt8] = []
    /// 0 or 1, of HTTP/1.x.
    private(set) var minorVersion = 1

    /// Takes the line from its beginning. What follows the status is text, and is taken in one go.
    mutating func accept(line: Span<UInt8>) throws(HeadError) {
        let reasonStart = min(line.count, 13)
        for index in 0..<reasonStart { try accept(line[index]) }
        for index in reasonStart..<line.count where !isValueByte(line[index]) { throw .badStatusLine }
        reason.append(copying: line.extracting(reasonStart..<line.count))
    }

    mutating func accept(_ byte: UInt8) throws(HeadError) {
        guard position <= 12 else {
            guard isValueByte(byte) else { throw .badStatusLine }
            reason.append(byte)
            return
        }
        let isGood =
            switch position {
            case 0..<7: byte == Self.version[position]
            case 7: byte == .zero || byte == UInt8(ascii: "1")
            case 8, 12: byte == .space
            case 9: (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(byte)
            case 10, 11: byte.isDigit
            default: false
            }
        guard isGood else { throw .badStatusLine }
        if position == 7 { minorVersion = Int(byte - .zero) }
        if (9...11).contains(position) { status = status * 10 + Int(byte - .zero) }
        position += 1
    }

    mutating func end() throws(HeadError) {
        // 4: the blank before an empty reason is forgotten by many senders.
        guard position >= 12 else { throw .badStatusLine }
    }
}
