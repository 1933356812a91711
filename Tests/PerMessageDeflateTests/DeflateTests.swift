import BasicContainers
import HTTPProtocol
import PerMessageDeflate
import Testing

private func agreement(_ offer: String = "permessage-deflate", _ options: DeflateOptions = .init()) throws
    -> DeflateAgreement
{
    try #require(Negotiation.agree(to: try HeaderGrammar.extensions([offer]), options))
}

private func list(_ array: borrowing UniqueArray<UInt8>) -> [UInt8] { (0..<array.count).map { array[$0] } }

private func inflate(
    _ inflater: inout Inflater, _ bytes: [UInt8], step: Int = .max, room: Int = 1 << 16
) throws -> [UInt8] {
    var output = UniqueArray<UInt8>()
    var start = 0
    repeat {
        let end = min(bytes.count, start &+ min(step, bytes.count))
        let piece = Array(bytes[start..<end])
        start = end
        var position = 0
        var state = OnInflate.outputFull
        while state == .outputFull {
            state = try inflater.inflate(
                piece.span, from: &position, endOfMessage: start == bytes.count, room: room,
                appendingTo: &output)
        }
        if state == .messageComplete { break }
    } while start < bytes.count
    return list(output)
}

private func deflate(_ deflater: inout Deflater, _ bytes: [UInt8], pieces: Int = 1) -> [UInt8] {
    var output = UniqueArray<UInt8>()
    let size = max(1, (bytes.count + pieces - 1) / pieces)
    var start = 0
    repeat {
        let end = min(bytes.count, start + size)
        _ = deflater.compress(
            Array(bytes[start..<end]).span, endOfMessage: end == bytes.count, appendingTo: &output)
        start = end
    } while start < bytes.count
    return list(output)
}

private let samples: [[UInt8]] = [
    [], [65], Array("Hello".utf8),
    Array(String(repeating: "{\"symbol\":\"ALBA\",\"price\":182.4}", count: 200).utf8),
    (0..<70_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) },
    [UInt8](repeating: 0, count: 200_000),
]

@Suite("permessage-deflate")
struct DeflateTests {
    private let arena = ContextArena()

    @Test("inflates the examples of RFC 7692, 7.2.3")
    func examples() throws {
        var inflater = Inflater(try agreement().fromClient, limits: .init(), in: arena)
        #expect(try inflate(&inflater, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]) == Array("Hello".utf8))
        // 7.2.3.2: the second refers to the first.
        #expect(try inflate(&inflater, [0xF2, 0x00, 0x11, 0x00, 0x00]) == Array("Hello".utf8))
        // 7.2.3.3: a stored block. 7.2.3.4: a final block. 7.2.3.5: two blocks. 7.2.3.6: nothing.
        #expect(
            try inflate(&inflater, [0, 5, 0, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0])
                == Array("Hello".utf8))
        #expect(
            try inflate(&inflater, [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]) == Array("Hello".utf8))
        #expect(
            try inflate(&inflater, [0xF2, 0x48, 0x05, 0, 0, 0, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0])
                == Array("Hello".utf8))
        #expect(try inflate(&inflater, [0]) == [])
    }

    @Test(
        "comes back at every window, with and without context, however it is cut", arguments: [9, 10, 12, 15])
    func roundTrip(bits: Int) throws {
        for takeover in [true, false] {
            let options = DeflateOptions(
                level: 4, windowBits: bits, memoryLevel: 5, contextTakeover: takeover)
            let agreed = try agreement("permessage-deflate; client_max_window_bits", options)
            var deflater = Deflater(agreed.fromServer, options, in: arena)
            var inflater = Inflater(
                agreed.fromClient, limits: InflateLimits(message: 1 << 20, ratio: 0), in: arena)
            for sample in samples + samples {
                let packed = deflate(&deflater, sample, pieces: 3)
                #expect(try inflate(&inflater, packed, step: 17) == sample)
            }
        }
    }

    @Test("dropping contexts between messages is not noticed by the other side")
    func eviction() throws {
        let agreed = try agreement()
        var deflater = Deflater(agreed.fromServer, .init(), in: arena)
        var inflater = Inflater(
            agreed.fromClient, limits: InflateLimits(message: 1 << 20, ratio: 0), in: arena)
        for (index, sample) in (samples + samples + samples).enumerated() {
            let packed = deflate(&deflater, sample)
            #expect(try inflate(&inflater, packed) == sample)
            if index % 2 == 0 { deflater.releaseContext() }
            inflater.releaseState()
            let holdsState = inflater.holdsState
            #expect(!holdsState)
        }
    }

    @Test("a context that is kept makes the second message smaller")
    func takeover() throws {
        let text = Array("{\"type\":\"message\",\"from\":\"Ada\",\"text\":\"hello there\"}".utf8)
        var kept = Deflater(try agreement().fromServer, .init(), in: arena)
        let first = deflate(&kept, text).count
        #expect(deflate(&kept, text).count < first / 2)
        let fresh = DeflateOptions(contextTakeover: false)
        var reset = Deflater(try agreement("permessage-deflate", fresh).fromServer, fresh, in: arena)
        #expect(deflate(&reset, text).count == deflate(&reset, text).count)
    }

    @Test("a bomb is stopped by its size, with bounded memory")
    func bomb() throws {
        var deflater = Deflater(try agreement().fromServer, .init(), in: arena)
        let packed = deflate(&deflater, [UInt8](repeating: 0, count: 8 << 20))
        var bySize = Inflater(
            try agreement().fromClient, limits: InflateLimits(message: 1 << 20, ratio: 0), in: arena)
        #expect(throws: InflateError.messageTooBig(limit: 1 << 20)) { try inflate(&bySize, packed) }
    }

    @Test("nonsense is refused")
    func nonsense() throws {
        var inflater = Inflater(try agreement().fromClient, limits: .init(), in: arena)
        #expect(throws: InflateError.invalidData) { try inflate(&inflater, [0xFF, 0xFF, 0xFF, 0xFF]) }
    }
}
