/// Makes a path canonical while it is read, in one pass (RFC 3986, 5.2.4 and 6.2.2). Every byte is written once and
/// removed at most once, so that no order of segments costs more than their length.
struct CanonicalPath {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Reads up to the query or the end, and returns where that is.
    mutating func read(_ source: Span<UInt8>) throws(RequestTargetError) -> Int {
        guard source.count > 0, source[0] == 47 else { throw .malformed }
        bytes.append(47)
        var start = 1
        var index = 1
        while index < source.count, source[index] != 63 {
            let byte = source[index]
            index += 1
            if byte == 47 {
                if try !removeDots(from: start) { bytes.append(47) }
                start = bytes.count
            } else if byte == 37 {
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
        guard index + 1 < source.count, let high = hexValue(source[index]),
            let low = hexValue(source[index + 1])
        else { throw .malformedEncoding }
        index += 2
        let byte = high << 4 | low
        guard byte > 31, byte != 127 else { throw .controlByte }
        if isUnreserved(byte) {
            bytes.append(byte)
        } else {
            bytes.append(37)
            bytes.append(hexDigit(high))
            bytes.append(hexDigit(low))
        }
    }

    /// Takes a segment that is `.` or `..` away, with what it undoes, up to and with the slash before. True when it was one.
    private mutating func removeDots(from start: Int) throws(RequestTargetError) -> Bool {
        let length = bytes.count - start
        guard length == 1 || length == 2, bytes[bytes.count - 1] == 46, bytes[start] == 46 else {
            return false
        }
        bytes.removeLast(length)
        guard length == 2 else { return true }
        guard bytes.count > 1 else { throw .aboveRoot }
        bytes.removeLast()
        while let last = bytes.last, last != 47 { bytes.removeLast() }
        return true
    }
}

/// Visible ASCII but for `#`: a target has no fragment (RFC 9112, 3.2).
func isVisible(_ byte: UInt8) -> Bool { byte > 32 && byte < 127 && byte != 35 }

/// RFC 3986, 2.3.
func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95, 126: true
    default: false
    }
}

func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }
