/// Finds the end of a body in one way only: by its length, by its chunks, or by the connection's end.
package struct BodyReader: Equatable, Sendable {
    private enum State: Equatable {
        case left(Int)
        case chunked(ChunkedBody)
        case untilEnd
        case complete
    }

    private var state: State

    /// At the beginning of a body.
    ///
    /// - Parameter isResponse: blanks in a chunk's first line are taken.
    package init(_ framing: BodyFraming, isResponse: Bool = false) {
        state =
            switch framing {
            case .none: .left(0)
            case .length(let length): .left(length)
            case .chunked: .chunked(ChunkedBody(toleratesBlanks: isResponse))
            case .untilEnd: .untilEnd
            }
    }

    /// Whether the end has been found.
    package var isComplete: Bool { state == .complete }

    /// Bytes that are kept: of trailers that are not complete.
    package var keptBytes: Int {
        if case .chunked(let body) = state { body.keptBytes } else { 0 }
    }

    /// Whether the end of the connection ends the body in order.
    package var endsWithConnection: Bool { state == .untilEnd }

    /// The next piece that begins at `position`, which moves; nil when more bytes are needed or the end was found
    /// before. An empty body has its end in no bytes at all.
    package mutating func next(_ bytes: Span<UInt8>, from position: inout Int) throws(BodyError) -> BodyPiece?
    {
        switch state {
        case .complete: return nil
        case .left(0):
            state = .complete
            return .end(trailers: HeaderFields())
        case .left(let left):
            guard let range = take(left, bytes, &position) else { return nil }
            state = .left(left - range.count)
            return .data(range)
        case .untilEnd: return take(.max, bytes, &position).map { .data($0) }
        case .chunked(var body):
            let piece = try body.next(bytes, from: &position)
            if case .end = piece { state = .complete } else { state = .chunked(body) }
            return piece
        }
    }

    private func take(_ most: Int, _ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let range = position..<(position + min(most, bytes.count - position))
        position = range.upperBound
        return range
    }
}
