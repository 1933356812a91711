import Testing
import WebSocketProtocol

@Suite("Frame header")
struct FrameHeaderTests {
    /// 37 FA 21 3D on the wire: the lowest byte first.
    private static let key: UInt32 = 0x3D21_FA37

    private static let literals: [(FrameHeader, [UInt8])] = [
        // RFC 6455, 5.7.
        (FrameHeader(.text, fin: true, payloadLength: 5), [0x81, 0x05]),
        (
            FrameHeader(.text, fin: true, maskingKey: key, payloadLength: 5),
            [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D]
        ),
        (FrameHeader(.text, fin: false, payloadLength: 3), [0x01, 0x03]),
        (FrameHeader(.continuation, fin: true, payloadLength: 2), [0x80, 0x02]),
        (FrameHeader(.ping, fin: true, payloadLength: 5), [0x89, 0x05]),
        (FrameHeader(.binary, fin: true, payloadLength: 256), [0x82, 0x7E, 0x01, 0x00]),
        (
            FrameHeader(.binary, fin: true, payloadLength: 65_536),
            [0x82, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00]
        ),
        // Where one form of the length ends and the next begins (5.2).
        (FrameHeader(.binary, fin: true, payloadLength: 0), [0x82, 0x00]),
        (FrameHeader(.binary, fin: true, payloadLength: 125), [0x82, 0x7D]),
        (FrameHeader(.binary, fin: true, payloadLength: 126), [0x82, 0x7E, 0x00, 0x7E]),
        (FrameHeader(.binary, fin: true, payloadLength: 65_535), [0x82, 0x7E, 0xFF, 0xFF]),
        (
            FrameHeader(.binary, fin: true, maskingKey: key, payloadLength: 126),
            [0x82, 0xFE, 0x00, 0x7E, 0x37, 0xFA, 0x21, 0x3D]
        ),
        (
            FrameHeader(.binary, fin: true, maskingKey: key, payloadLength: .max),
            [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x37, 0xFA, 0x21, 0x3D]
        ),
        // RFC 7692, 6: the compressed bit. A key of zero is a key.
        (FrameHeader(.text, fin: true, rsv1: true, payloadLength: 7), [0xC1, 0x07]),
        (FrameHeader(.text, fin: true, maskingKey: 0, payloadLength: 1), [0x81, 0x81, 0, 0, 0, 0]),
    ]

    @Test("stands on the wire as the RFC shows it", arguments: literals)
    func written(header: FrameHeader, bytes: [UInt8]) {
        #expect(wire { header.append(to: &$0) } == bytes)
        #expect(header.encodedSize == bytes.count)
        #expect(bytes.count <= FrameHeader.largestSize)
    }

    @Test("is read back from the wire as it was", arguments: literals)
    func readBack(header: FrameHeader, bytes: [UInt8]) throws {
        var scanner = FrameScanner(expectsMask: header.isMasked)
        var position = 0
        #expect(try scanner.header(bytes.span, at: &position) == header)
        #expect(position == bytes.count)
    }

    @Test("tells the bits of its first byte apart, whatever they are")
    func bits() {
        for first in UInt8.min...UInt8.max {
            let header = FrameHeader(first: first, isMasked: false, maskingKey: 0, payloadLength: 0)
            #expect(header.fin == (first >= 128))
            #expect(header.rsv1 == (first / 64 % 2 == 1))
            #expect(header.reservedBits == first / 16 % 8)
            #expect(header.opcode.rawValue == first % 16)
        }
    }
}
