import Testing

@testable import WebSocketProtocol

@Suite("Control payload")
struct ControlPayloadTests {
    private static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// A masked Ping as on the wire, for payloads that a control frame may carry.
    private func ping(_ payload: [UInt8], key: [UInt8] = key) -> [UInt8] {
        [0x89, 0x80 | UInt8(payload.count)] + key + masked(payload, with: key)
    }

    /// What is put together of one frame that comes in pieces.
    private func collected(_ pieces: [[UInt8]], fromClient: Bool = true) throws -> [UInt8] {
        var reader = FrameReader(fromClient: fromClient, limits: FrameLimits(), allowsCompression: false)
        var payload = ControlPayload()
        for piece in pieces {
            var position = 0
            while let slice = try reader.next(piece.span, from: &position) {
                payload.append(piece.span.extracting(slice.payload), of: slice)
            }
        }
        #expect(payload.count == payload.bytes.count)
        #expect(wire { payload.append(to: &$0) } == payload.bytes)
        return payload.bytes
    }

    @Test("the ping of RFC 6455, 5.7: \"Hello\", at every split, masked and not")
    func hello() throws {
        let hello: [UInt8] = [0x48, 0x65, 0x6C, 0x6C, 0x6F]
        let frame: [UInt8] = [0x89, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        for (first, second) in everyCut(frame) { #expect(try collected([first, second]) == hello) }
        #expect(try collected(frame.map { [$0] }) == hello)
        for (first, second) in everyCut([0x89, 0x05] + hello) {
            #expect(try collected([first, second], fromClient: false) == hello)
        }
    }

    @Test("empty, and the largest there is, at every split", arguments: [0, 1, 124, 125])
    func sizes(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for (first, second) in everyCut(ping(payload)) {
            #expect(try collected([first, second]) == payload)
        }
    }

    @Test("what is beyond 125 bytes is left out")
    func tooMuch() {
        let header = FrameHeader(.ping, fin: true, payloadLength: 200)
        let slice = FrameSlice.whole(of: header)
        var payload = ControlPayload()
        payload.append([UInt8](repeating: 1, count: 120).span, of: slice)
        payload.append([UInt8](repeating: 2, count: 80).span, of: slice)
        #expect(payload.bytes == [UInt8](repeating: 1, count: 120) + [2, 2, 2, 2, 2])
    }

    @Test("the next frame begins with nothing")
    func again() {
        let slice = FrameSlice.whole(of: FrameHeader(.ping, fin: true, payloadLength: 3))
        var payload = ControlPayload()
        payload.append([1, 2, 3].span, of: slice)
        payload.removeAll()
        #expect(payload.bytes == [])
        payload.append([4].span, of: slice)
        #expect(payload.bytes == [4])
    }
}

extension FrameSlice {
    /// A slice that holds all of a frame's payload.
    fileprivate static func whole(of header: FrameHeader) -> FrameSlice {
        FrameSlice(
            header, start: 0, payload: 0..<header.payloadLength, payloadOffset: 0, beginsFrame: true,
            endsFrame: true, heldHeader: 0)
    }
}
