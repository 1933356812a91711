internal import ASCII

/// The first line of a head, checked byte by byte; what tells requests from responses.
protocol FirstLine: Sendable {
    init()
    /// What a second empty line before this one is.
    static var emptyLine: HeadError { get }
    /// Whether one empty line may come before it.
    static var mayFollowEmptyLine: Bool { get }
    /// Whether blanks between a field's name and its colon are removed; otherwise they are an error.
    static var toleratesBlankBeforeColon: Bool { get }
    /// Takes a byte that is no line end.
    mutating func accept(_ byte: UInt8) throws(HeadError)
    /// Takes a whole line, before anything else.
    mutating func accept(line: Span<UInt8>) throws(HeadError)
    /// The line is complete.
    mutating func end() throws(HeadError)
}

extension FirstLine {
    mutating func accept(line: Span<UInt8>) throws(HeadError) {
        for index in line.indices { try accept(line[index]) }
    }
}

/// Splits a head into its first line and its fields as it comes, and refuses at the first byte that can't belong to it
/// (RFC 9112, 2.2 and 5).
///
/// Strict where leniency has been used to smuggle requests: every line ends in CRLF, no line is folded, and no control
/// byte but HTAB occurs. Owns the bytes of one unfinished line; never looks beyond the end of the head.
struct HeadLines<First: FirstLine>: Sendable {
    private enum Expected {
        case start, firstLine, fieldStart, name, colon, value
        case lineFeed(after: Ended)
    }

    private enum Ended { case nothing, firstLine, field, head }

    private let limits: HeadLimits
    private var expected = Expected.start
    private var size = 0
    private var name: [UInt8] = []
    private var value: [UInt8] = []
    private(set) var first = First()
    private(set) var fields = HeaderFields()

    init(_ limits: HeadLimits) { self.limits = limits }

    /// For field lines that no first line comes before: a trailer section.
    init(fieldsWithin limits: HeadLimits) {
        self.limits = limits
        expected = .fieldStart
    }

    /// Whether nothing has come yet.
    var isEmpty: Bool { size == 0 }
    /// Bytes that are kept: all that came.
    var keptBytes: Int { size }

    /// Takes bytes up to the end of the head. Returns how many, when the empty line has come; nil when more is needed.
    mutating func accept(_ bytes: Span<UInt8>) throws(HeadError) -> Int? {
        var index = 0
        while index < bytes.count {
            if let end = try acceptWholeLine(bytes, index) {
                size += end - index
                index = end
                continue
            }
            guard size < limits.bytes else { throw .tooLarge(limit: limits.bytes) }
            size += 1
            if try accept(bytes[index]) { return index + 1 }
            index += 1
        }
        return nil
    }

    /// Takes a line that stands here from its first byte to its line end. Returns where it ends; nil where it goes byte by byte.
    private mutating func acceptWholeLine(_ bytes: Span<UInt8>, _ start: Int) throws(HeadError) -> Int? {
        switch expected {
        case .fieldStart: acceptWholeField(bytes, start)
        case .start: try acceptWholeFirstLine(bytes, start)
        case .firstLine, .name, .colon, .value, .lineFeed: nil
        }
    }

    private mutating func acceptWholeFirstLine(
        _ bytes: Span<UInt8>, _ start: Int
    ) throws(HeadError) -> Int? {
        let end = start + min(bytes.count - start, limits.bytes - size)
        var stop = start
        while stop < end, bytes[stop] != .carriageReturn, bytes[stop] != .lineFeed { stop += 1 }
        guard stop > start, stop + 1 < end, bytes[stop] == .carriageReturn, bytes[stop + 1] == .lineFeed
        else { return nil }
        try first.accept(line: bytes.extracting(start..<stop))
        try first.end()
        expected = .fieldStart
        return stop + 2
    }

    /// Takes a field line that stands here from its first byte to its line end and has nothing in it to judge. Returns
    /// where it ends; nil where anything is otherwise: then it goes byte by byte.
    private mutating func acceptWholeField(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        let end = start + min(bytes.count - start, limits.bytes - size)
        var colon = start
        while colon < end, isTokenByte(bytes[colon]) { colon += 1 }
        guard colon > start, colon < end, bytes[colon] == .colon, fields.count < limits.fields else {
            return nil
        }
        var stop = colon + 1
        while stop < end, isValueByte(bytes[stop]) { stop += 1 }
        guard stop + 1 < end, bytes[stop] == .carriageReturn, bytes[stop + 1] == .lineFeed else { return nil }
        fields.append(
            judged: bytes.extracting(start..<colon), value: bytes.extracting((colon + 1)..<stop))
        return stop + 2
    }

    /// True when the head is complete.
    private mutating func accept(_ byte: UInt8) throws(HeadError) -> Bool {
        if case .lineFeed(let ended) = expected { return try endLine(byte, ended) }
        if byte == .lineFeed { throw .bareLineFeed }
        switch expected {
        case .start: try acceptStart(byte)
        case .firstLine: try acceptFirstLine(byte)
        case .fieldStart: try acceptFieldStart(byte)
        case .name: try acceptName(byte)
        case .colon: try acceptColon(byte)
        case .value: try acceptValue(byte)
        case .lineFeed: break
        }
        return false
    }

    private mutating func acceptStart(_ byte: UInt8) throws(HeadError) {
        if byte == .carriageReturn {
            // 2.2: one empty line before a request line is ignored.
            guard First.mayFollowEmptyLine, size == 1 else { throw First.emptyLine }
            expected = .lineFeed(after: .nothing)
        } else {
            expected = .firstLine
            try first.accept(byte)
        }
    }

    private mutating func acceptFirstLine(_ byte: UInt8) throws(HeadError) {
        if byte == .carriageReturn {
            try first.end()
            expected = .lineFeed(after: .firstLine)
        } else {
            try first.accept(byte)
        }
    }

    private mutating func acceptFieldStart(_ byte: UInt8) throws(HeadError) {
        switch byte {
        case .carriageReturn: expected = .lineFeed(after: .head)
        // 5.2: a server rejects obsolete line folding.
        case .tab, .space: throw .lineFolding
        default:
            guard fields.count < limits.fields else { throw .tooManyFields(limit: limits.fields) }
            guard isTokenByte(byte) else { throw .badFieldName }
            name.append(byte)
            expected = .name
        }
    }

    private mutating func acceptName(_ byte: UInt8) throws(HeadError) {
        if byte == .colon {
            expected = .value
        } else if First.toleratesBlankBeforeColon, isBlank(byte) {
            expected = .colon
        } else {
            // 5.1: no white space between the name and the colon.
            guard isTokenByte(byte) else { throw .badFieldName }
            name.append(byte)
        }
    }

    private mutating func acceptColon(_ byte: UInt8) throws(HeadError) {
        if byte == .colon {
            expected = .value
        } else if !isBlank(byte) {
            throw .badFieldName
        }
    }

    private mutating func acceptValue(_ byte: UInt8) throws(HeadError) {
        switch byte {
        case .carriageReturn: expected = .lineFeed(after: .field)
        default:
            guard isValueByte(byte) else { throw .controlByte }
            value.append(byte)
        }
    }

    private mutating func endLine(_ byte: UInt8, _ ended: Ended) throws(HeadError) -> Bool {
        guard byte == .lineFeed else { throw .bareCarriageReturn }
        switch ended {
        case .nothing: expected = .start
        case .firstLine: expected = .fieldStart
        case .head: return true
        case .field:
            fields.append(name: name[...], value: value[...])
            name.removeAll(keepingCapacity: true)
            value.removeAll(keepingCapacity: true)
            expected = .fieldStart
        }
        return false
    }
}
