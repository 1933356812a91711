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
        if !acceptUsual(line) { for index in 0..<reasonStart { try accept(line[index]) } }
        for index in reasonStart..<line.count where !isValueByte(line[index]) { throw .badStatusLine }
        reason.append(copying: line.extracting(reasonStart..<line.count))
    }

    /// Takes what most lines begin with; false where it is something else.
    private mutating func acceptUsual(_ line: Span<UInt8>) -> Bool {
        guard line.count >= 13 else { return false }
        for index in Self.usual.indices where line[index] != Self.usual[index] { return false }
        let (a, b, c) = (line[9] &- .zero, line[10] &- .zero, line[11] &- .zero)
        guard line[12] == .space, a >= 1, a <= 5, b < 10, c < 10 else { return false }
        status = Int(a) * 100 + Int(b) * 10 + Int(c)
        position = 13
        return true
    }

    private static let usual: InlineArray<9, UInt8> = InlineArray { "HTTP/1.1 ".utf8.span[$0] }

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
