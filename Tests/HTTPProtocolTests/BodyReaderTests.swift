import Testing

@testable import HTTPProtocol

struct BodyReaderTests {
    @Test func anEmptyBodyEndsInNoBytes() throws {
        for framing in [BodyFraming.none, .length(0)] {
            var reader = BodyReader(framing)
            var position = 0
            let nothing: [UInt8] = []
            let piece = try reader.next(nothing.span, from: &position)
            #expect(piece == .end(trailers: HeaderFields()))
            let complete = reader.isComplete
            #expect(complete)
        }
    }

    @Test func aLengthEndsWhereItSays() throws {
        var reader = BodyReader(.length(3))
        var position = 0
        let bytes: [UInt8] = [1, 2, 3, 4]
        let first = try reader.next(bytes.span, from: &position)
        let second = try reader.next(bytes.span, from: &position)
        let third = try reader.next(bytes.span, from: &position)
        #expect(first == .data(0..<3))
        #expect(second == .end(trailers: HeaderFields()))
        #expect(third == nil)
        #expect(position == 3)
    }

    @Test func aBodyWithoutALengthEndsWithTheConnection() throws {
        var reader = BodyReader(.untilEnd)
        var position = 0
        let bytes: [UInt8] = [1, 2]
        let first = try reader.next(bytes.span, from: &position)
        let second = try reader.next(bytes.span, from: &position)
        #expect(first == .data(0..<2))
        #expect(second == nil)
        let ends = reader.endsWithConnection
        #expect(ends)
    }
}
