import BasicContainers
import Testing
import WebSocketProtocol

@Suite("Frame writer")
struct FrameWriterTests {
    private func frame(
        _ opcode: Opcode, fin: Bool = true, rsv1: Bool = false, _ payload: [UInt8], key: UInt32? = nil
    ) -> [UInt8] {
        wire {
            FrameWriter.append(
                opcode, fin: fin, rsv1: rsv1, payload: payload.span, maskingKey: key, to: &$0)
        }
    }

    private static let hello: [UInt8] = [0x48, 0x65, 0x6C, 0x6C, 0x6F]

    @Test("the examples of RFC 6455, 5.7")
    func examples() {
        #expect(frame(.text, Self.hello) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            frame(.text, Self.hello, key: 0x3D21_FA37)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(frame(.text, fin: false, [0x48, 0x65, 0x6C]) == [0x01, 0x03, 0x48, 0x65, 0x6C])
        #expect(frame(.continuation, [0x6C, 0x6F]) == [0x80, 0x02, 0x6C, 0x6F])
        #expect(frame(.ping, Self.hello) == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            frame(.pong, Self.hello, key: 0x3D21_FA37)
                == [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    }

    @Test("the compressed example of RFC 7692, 7.2.3.1")
    func compressed() {
        let deflated: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        #expect(frame(.text, rsv1: true, deflated) == [0xC1, 0x07] + deflated)
    }

    @Test("each form of the length stands before its payload", arguments: [0, 125, 126, 65_535, 65_536])
    func lengths(count: Int) {
        let header: [Int: [UInt8]] = [
            0: [0x82, 0x00], 125: [0x82, 0x7D], 126: [0x82, 0x7E, 0x00, 0x7E],
            65_535: [0x82, 0x7E, 0xFF, 0xFF], 65_536: [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0],
        ]
        let payload = [UInt8](repeating: 0x5A, count: count)
        #expect(frame(.binary, payload) == (header[count] ?? []) + payload)
    }

    @Test("what stands before a masked frame is left as it is")
    func appended() {
        let two = wire {
            for payload in [Self.hello, [0x01]] {
                FrameWriter.append(
                    .binary, fin: true, payload: payload.span, maskingKey: 0x0403_0201, to: &$0)
            }
        }
        let key: [UInt8] = [1, 2, 3, 4]
        #expect(
            two == [0x82, 0x85] + key + masked(Self.hello, with: key) + [0x82, 0x81] + key + [0x01 ^ 1])
    }
}
