internal import ASCII

/// What has been found of a body.
package enum BodyPiece: Equatable, Sendable {
    /// Content: these of the bytes that were given.
    case data(Range<Int>)
    /// The body is complete. A chunked one may have brought trailer fields.
    case end(trailers: HeaderFields)
}

/// Takes chunks apart (RFC 9112, 7.1) as they come, and refuses at the first byte that can't belong to them.
///
/// Strict like the head's parser, for the same reason. Extensions are read over and never passed on. Of a backend blanks
/// are taken where 7.1.1 allows bad whitespace: there are some that fill their sizes up with it.
package struct ChunkedBody: Equatable, Sendable {
    private enum Expected: Equatable {
        case size(digits: Int)
        /// Behind the digits, after a blank.
        case sizeBlank
        case chunkExtension(isFirst: Bool)
        case sizeLineFeed
        case data, dataReturn, dataLineFeed, trailers, nothing
    }

    /// Hexadecimal digits of a size: 60 bits, so that no size overflows.
    private static let digitLimit = 15
    /// Bytes of extensions in the whole body. They mean nothing to anybody, and have been used to waste time.
    private static let extensionLimit = 4096
    /// Blanks in one chunk's line; a body may have any number of chunks.
    private static let blankLimit = 64

    private var expected = Expected.size(digits: 0)
    private var left = 0
    private var extensionBytes = 0
    private var blanks = 0
    private let toleratesBlanks: Bool
    private var trailers: HeadLines<NoFirstLine>

    /// - Parameters:
    ///   - trailerLimits: bounds on the trailer section.
    ///   - toleratesBlanks: for what a backend sends: round the size and its extensions.
    package init(trailerLimits: HeadLimits = HeadLimits(), toleratesBlanks: Bool = false) {
        self.toleratesBlanks = toleratesBlanks
        trailers = HeadLines(fieldsWithin: trailerLimits)
    }

    /// Bytes of trailers that are not complete.
    var keptBytes: Int { trailers.keptBytes }

    /// The next piece that begins at `position`, which moves; nil when all bytes are used.
    package mutating func next(_ bytes: Span<UInt8>, from position: inout Int) throws(BodyError) -> BodyPiece?
    {
        while position < bytes.count {
            switch expected {
            case .data: return .data(takeData(bytes, &position))
            case .trailers: return try takeTrailers(bytes, &position)
            case .nothing: return nil
            default:
                try accept(bytes[position])
                position += 1
            }
        }
        return nil
    }

    private mutating func takeData(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int> {
        let range = position..<(position + min(left, bytes.count - position))
        left -= range.count
        position = range.upperBound
        if left == 0 { expected = .dataReturn }
        return range
    }

    private mutating func takeTrailers(_ bytes: Span<UInt8>, _ position: inout Int) throws(BodyError)
        -> BodyPiece?
    {
        do throws(HeadError) {
            guard let used = try trailers.accept(bytes.extracting(position..<bytes.count)) else {
                position = bytes.count
                return nil
            }
            position += used
            expected = .nothing
            return .end(trailers: HopByHop.allowedTrailers(trailers.fields))
        } catch {
            throw .badTrailer(error)
        }
    }

    private mutating func accept(_ byte: UInt8) throws(BodyError) {
        switch expected {
        case .size(let digits): try acceptSize(byte, digits)
        case .sizeBlank:
            if isBlank(byte) { try countBlank() } else { try endSize(byte) }
        case .chunkExtension(let isFirst): try acceptExtension(byte, isFirst)
        case .sizeLineFeed:
            guard byte == .lineFeed else { throw .badChunkSize }
            blanks = 0
            expected = left == 0 ? .trailers : .data
        case .dataReturn:
            guard byte == .carriageReturn else { throw .badChunkEnd }
            expected = .dataLineFeed
        case .dataLineFeed:
            guard byte == .lineFeed else { throw .badChunkEnd }
            expected = .size(digits: 0)
        case .data, .trailers, .nothing: break
        }
    }

    private mutating func acceptSize(_ byte: UInt8, _ digits: Int) throws(BodyError) {
        if let digit = byte.hexValue.map(Int.init) {
            guard digits < Self.digitLimit else { throw .badChunkSize }
            left = left << 4 | digit
            expected = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw .badChunkSize }
        // White space here is read differently by different parsers: there is none in a request.
        if toleratesBlanks, isBlank(byte) { return expected = .sizeBlank }
        try endSize(byte)
    }

    private mutating func endSize(_ byte: UInt8) throws(BodyError) {
        guard byte == .carriageReturn || byte == .semicolon else { throw .badChunkSize }
        expected = byte == .carriageReturn ? .sizeLineFeed : .chunkExtension(isFirst: true)
    }

    private mutating func acceptExtension(_ byte: UInt8, _ isFirst: Bool) throws(BodyError) {
        // 7.1.1: a name comes first; what may follow it is not worth a grammar, since nobody gets to see it.
        if byte == .carriageReturn, !isFirst { return expected = .sizeLineFeed }
        if isFirst, toleratesBlanks, isBlank(byte) { return try countBlank() }
        guard isFirst ? isTokenByte(byte) : byte == .tab || (byte >= .space && byte < .delete) else {
            throw .badChunkExtension
        }
        expected = .chunkExtension(isFirst: false)
        try countExtension()
    }

    private mutating func countBlank() throws(BodyError) {
        blanks += 1
        guard blanks <= Self.blankLimit else { throw .badChunkSize }
    }

    private mutating func countExtension() throws(BodyError) {
        extensionBytes += 1
        guard extensionBytes <= Self.extensionLimit else { throw .badChunkExtension }
    }

    /// The line before the first chunk's data or the last chunk's trailers.
    package static func sizeLine(_ count: Int) -> [UInt8] { Array("\(String(count, radix: 16))\r\n".utf8) }

    /// The last chunk with its trailer section.
    package static func end(trailers: HeaderFields) -> [UInt8] {
        var bytes = Array("0\r\n".utf8)
        trailers.write(into: &bytes)
        return bytes + [.carriageReturn, .lineFeed]
    }
}

extension ChunkedBody {
    /// Two that stand at the same place of a body.
    package static func == (a: ChunkedBody, b: ChunkedBody) -> Bool {
        a.expected == b.expected && a.left == b.left && a.trailers.fields == b.trailers.fields
    }
}

/// A trailer section is a head without a first line.
private struct NoFirstLine: FirstLine {
    static let emptyLine = HeadError.badFieldName
    static let mayFollowEmptyLine = false
    static let toleratesBlankBeforeColon = false
    mutating func accept(_ byte: UInt8) throws(HeadError) { throw .badFieldName }
    mutating func end() throws(HeadError) {}
}
