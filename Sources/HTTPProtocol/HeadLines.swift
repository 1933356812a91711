/// Splits a head into lines as it comes, and refuses at the first byte that can't belong to one (RFC 9112, 2.2).
///
/// Strict where leniency has been used to smuggle requests: every line ends in CRLF, no line is folded, and no control
/// byte but HTAB occurs.
struct HeadLines {
    private let limits: HeadLimits
    private(set) var lines: [String] = []
    private var line: [UInt8] = []
    private var size = 0
    private var afterReturn = false

    init(_ limits: HeadLimits) { self.limits = limits }

    /// Whether nothing has come yet.
    var isEmpty: Bool { size == 0 }

    /// Takes bytes up to the end of the head. Returns how many, when the empty line has come; nil when more is needed.
    mutating func accept(_ bytes: Span<UInt8>) throws(HeadError) -> Int? {
        for index in bytes.indices {
            size += 1
            guard size <= limits.bytes else { throw .tooLarge(limit: limits.bytes) }
            if try accept(bytes[index]) { return index + 1 }
        }
        return nil
    }

    /// True when the head is complete.
    private mutating func accept(_ byte: UInt8) throws(HeadError) -> Bool {
        if afterReturn {
            guard byte == 10 else { throw .controlByte }
            afterReturn = false
            return try endLine()
        }
        switch byte {
        case 13: afterReturn = true
        case 10: throw .bareLineFeed
        case 0...8, 11...31, 127: throw .controlByte
        case 32, 9:
            if line.isEmpty, !lines.isEmpty { throw .lineFolding }
            line.append(byte)
        default: line.append(byte)
        }
        return false
    }

    private mutating func endLine() throws(HeadError) -> Bool {
        // 2.2: an empty line before the first one is ignored, once.
        if line.isEmpty { return !lines.isEmpty || size > 2 }
        guard lines.count <= limits.fields else { throw .tooManyFields(limit: limits.fields) }
        // Bytes over 127 are opaque in field values (RFC 9110, 5.5) and kept as Latin-1 would be: lossless in UTF-8.
        guard let text = String(validating: line, as: UTF8.self) else { throw .badFieldValue }
        lines.append(text)
        line.removeAll(keepingCapacity: true)
        return false
    }

    /// The field lines: all after the first.
    func fields() throws(HeadError) -> HeaderFields {
        var fields = HeaderFields()
        for line in lines.dropFirst() {
            // RFC 9112, 5.1: no white space between the name and the colon.
            guard let colon = line.firstIndex(of: ":") else { throw .badFieldName }
            let name = line[..<colon]
            guard isToken(name) else { throw .badFieldName }
            fields.append(String(name), trimmed(line[line.index(after: colon)...]))
        }
        return fields
    }
}

/// RFC 9110, 5.6.2.
package func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
}

func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: true
    default: false
    }
}
