import Testing
import WebSocketProtocol

@Suite("Opcode")
struct OpcodeTests {
    @Test("the names are the numbers of RFC 6455, 5.2")
    func numbers() {
        let named: [(Opcode, UInt8)] = [
            (.continuation, 0x0), (.text, 0x1), (.binary, 0x2), (.close, 0x8), (.ping, 0x9), (.pong, 0xA),
        ]
        for (opcode, number) in named {
            #expect(opcode.rawValue == number)
            #expect(opcode == Opcode(rawValue: number))
        }
    }

    @Test("the upper half are control frames, and all but six values are reserved")
    func kinds() {
        for value in UInt8(0)...15 {
            let opcode = Opcode(rawValue: value)
            #expect(opcode.isControl == (value >= 8))
            #expect(opcode.isReserved == ![0, 1, 2, 8, 9, 10].contains(value))
        }
    }

    @Test("FIN and the reserved bits of the first byte are none of its")
    func upperBits() { #expect(Opcode(rawValue: 0xF9) == .ping) }
}
