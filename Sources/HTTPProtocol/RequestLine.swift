internal import ASCII

/// Method, target and version of a request (RFC 9112, 3), one blank between them.
struct RequestLine: FirstLine {
    private enum Part { case method, target, version }

    static let emptyLine = HeadError.badRequestLine
    static let mayFollowEmptyLine = true
    // RFC 9112, 5.1: servers have read such names in different ways.
    static let toleratesBlankBeforeColon = false

    private var part = Part.method
    private(set) var method: [UInt8] = []
    private(set) var target: [UInt8] = []
    private var version: [UInt8] = []
    /// 0 or 1, of HTTP/1.x.
    private(set) var minorVersion = 1

    mutating func accept(_ byte: UInt8) throws(HeadError) {
        switch part {
        case .method:
            if byte == .space, !method.isEmpty {
                part = .target
            } else {
                guard isTokenByte(byte) else { throw .badMethod }
                method.append(byte)
            }
        case .target:
            if byte == .space, !target.isEmpty {
                part = .version
            } else {
                // 3.2: visible ASCII, and never a fragment.
                guard byte > .space, byte < .delete, byte != .hash else { throw .badTarget }
                target.append(byte)
            }
        case .version:
            guard version.count < 8 else { throw .badRequestLine }
            version.append(byte)
        }
    }

    mutating func end() throws(HeadError) {
        guard part == .version, version.count == 8, version.starts(with: "HTTP/".utf8), version[5].isDigit,
            version[6] == .dot, version[7].isDigit
        else { throw .badRequestLine }
        guard version[5] == UInt8(ascii: "1"), version[7] <= UInt8(ascii: "1") else { throw .badVersion }
        minorVersion = Int(version[7] - .zero)
    }
}
