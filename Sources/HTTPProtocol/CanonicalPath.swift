internal import ASCII

/// Makes a path canonical while it is read, in one pass (RFC 3986, 5.2.4 and 6.2.2). Every byte is written once and
/// removed at most once, so that no order of segments costs more than their length.
struct CanonicalPath {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Reads up to the query or the end, and returns where that is.
    mutating func read(_ source: Span<UInt8>) throws(RequestTargetError) -> Int {
        guard source.count > 0, source[0] == .slash else { throw .malformed }
        bytes.append(.slash)
        var start = 1
        var index = 1
        while index < source.count, source[index] != .question {
            let byte = source[index]
            index += 1
            if byte == .slash {
                if try !removeDots(from: start) { bytes.append(.slash) }
                start = bytes.count
            } else if byte == .percent {
                try decode(source, &index)
            } else {
                guard isVisible(byte) else { throw .malformed }
                bytes.append(byte)
            }
        }
        _ = try removeDots(from: start)
        return index
    }

    /// What follows a `%`: unreserved characters themselves (2.3), others with their digits in upper case.
    private mutating func decode(_ source: Span<UInt8>, _ index: inout Int) throws(RequestTargetError) {
        guard index + 1 < source.count, let byte = PercentCoding.byte(source[index], source[index + 1]) else {
            throw .malformedEncoding
        }
        index += 2
        guard byte >= .space, byte != .delete else { throw .controlByte }
        if isUnreserved(byte) {
            bytes.append(byte)
        } else {
            bytes.append(.percent)
            bytes.append(UInt8(hexDigit: byte >> 4, upper: true))
            bytes.append(UInt8(hexDigit: byte, upper: true))
        }
    }

    /// Takes a segment that is `.` or `..` away, with what it undoes, up to and with the slash before. True when it was one.
    private mutating func removeDots(from start: Int) throws(RequestTargetError) -> Bool {
        let length = bytes.count - start
        guard length == 1 || length == 2, bytes[bytes.count - 1] == .dot, bytes[start] == .dot else {
            return false
        }
        bytes.removeLast(length)
        guard length == 2 else { return true }
        guard bytes.count > 1 else { throw .aboveRoot }
        bytes.removeLast()
        while let last = bytes.last, last != .slash { bytes.removeLast() }
        return true
    }
}

/// Visible ASCII but for `#`: a target has no fragment (RFC 9112, 3.2).
func isVisible(_ byte: UInt8) -> Bool { byte > .space && byte < .delete && byte != .hash }

/// RFC 3986, 2.3.
func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case .zero ... .nine, .upperA ... .upperZ, .lowerA ... .lowerZ, .hyphen, .dot, .underscore, .tilde: true
    default: false
    }
}
