import BasicContainers
import PerMessageDeflate
import Testing

@Suite("Inflater")
struct InflaterTests {
    private static let hello = Array("Hello".utf8)

    /// RFC 7692, 7.2.3: the same five bytes, as its examples compress them.
    private static let examples: [[UInt8]] = [
        // 7.2.3.1: one block; 7.2.3.3: without compression; 7.2.3.4: with BFINAL; 7.2.3.5: two blocks.
        [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
        [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
        [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
    ]

    private static func inflater(
        _ limits: InflateLimits = InflateLimits(), startsAfresh: Bool = false
    ) -> Inflater {
        Inflater(
            DeflateDirection(windowBits: 15, startsAfresh: startsAfresh), limits: limits, in: ContextArena())
    }

    /// A message in pieces; `room` bytes of output at a time.
    private static func message(
        _ pieces: [[UInt8]], _ inflater: inout Inflater, room: Int = 1 << 16
    ) throws(InflateError) -> [UInt8] {
        var output = UniqueArray<UInt8>()
        for (index, piece) in pieces.enumerated() {
            var position = 0
            var state = OnInflate.outputFull
            while state == .outputFull {
                state = try inflater.inflate(
                    piece.span, from: &position, endOfMessage: index == pieces.count - 1, room: room,
                    appendingTo: &output)
            }
            #expect(position == piece.count)
            #expect((state == .messageComplete) == (index == pieces.count - 1))
        }
        return (0..<output.count).map { output[$0] }
    }

    @Test("the examples of RFC 7692, 7.2.3, at every split, into any room", arguments: examples)
    func rfcExamples(bytes: [UInt8]) throws {
        for cut in 0...bytes.count {
            for room in [1, 2, 5, 100] {
                var inflater = Self.inflater()
                let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
                #expect(try Self.message(pieces, &inflater, room: room) == Self.hello)
            }
        }
        var inflater = Self.inflater()
        #expect(try Self.message(bytes.map { [$0] }, &inflater) == Self.hello)
    }

    @Test(
        "a message may refer to the one before, unless none is kept (7.2.3.2), whether zlib's state is held or not"
    )
    func takeover() throws {
        let second: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        for releases in [false, true] {
            var inflater = Self.inflater()
            _ = try Self.message([Self.examples[0]], &inflater)
            if releases { inflater.releaseState() }
            #expect(inflater.holdsState != releases)
            #expect(try Self.message([second], &inflater) == Self.hello)
        }
        var afresh = Self.inflater(startsAfresh: true)
        _ = try Self.message([Self.examples[0]], &afresh)
        #expect(throws: InflateError.invalidData) { try Self.message([second], &afresh) }
    }

    @Test("an empty message is one byte of nothing (7.2.3.6)")
    func empty() throws {
        var inflater = Self.inflater()
        #expect(try Self.message([[0x00]], &inflater) == [])
        #expect(try Self.message([[], [0x00], []], &inflater) == [])
    }

    @Test("the limit on a message: at it and one byte below what comes, anew for each")
    func limit() throws {
        var enough = Self.inflater(InflateLimits(message: 5))
        for _ in 0..<3 { #expect(try Self.message([Self.examples[0]], &enough) == Self.hello) }
        var short = Self.inflater(InflateLimits(message: 4))
        #expect(throws: InflateError.messageTooBig(limit: 4)) {
            try Self.message([Self.examples[0]], &short)
        }
        var none = Self.inflater(InflateLimits(message: .max, ratio: 0))
        #expect(try Self.message([Self.examples[0]], &none) == Self.hello)
    }

    @Test(
        "data that is no DEFLATE is refused",
        arguments: [[0x06], [0xFF, 0xFF], [0x00, 0x05, 0x00, 0x00, 0x00]] as [[UInt8]])
    func invalid(bytes: [UInt8]) {
        for cut in 0...bytes.count {
            var inflater = Self.inflater()
            #expect(throws: InflateError.invalidData) {
                try Self.message([Array(bytes[..<cut]), Array(bytes[cut...]), [0, 0]], &inflater)
            }
        }
    }
}
