import BasicContainers
import PerMessageDeflate
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Messages in pieces")
struct MessageAssemblyTests {
    private func assembled(
        _ bytes: [UInt8], at split: Int, as opcode: Opcode, limit: Int = 1000,
        inflating direction: DeflateDirection? = nil
    ) throws -> MessageAssembly {
        let assembly = MessageAssembly(
            opcode, limit: limit,
            inflater: direction.map {
                Inflater($0, limits: InflateLimits(message: limit), in: ContextArena())
            })
        try assembly.append(bytes.span.extracting(0..<split), isLast: false)
        try assembly.append(bytes.span.extracting(split..<bytes.count), isLast: true)
        return assembly
    }

    private func payload(_ assembly: MessageAssembly) -> [UInt8] {
        (0..<assembly.payload.count).map { assembly.payload[$0] }
    }

    @Test("text is put together at every split, also within a character")
    func everySplit() throws {
        let text = Array("grüße, 鮑勃".utf8)
        for split in 0...text.count {
            let assembly = try assembled(text, at: split, as: .text)
            #expect(payload(assembly) == text && !assembly.isTooBig)
        }
    }

    @Test("text that is none is refused, bytes may be anything")
    func notText() throws {
        let bytes: [UInt8] = [0x61, 0xC3, 0x28, 0x61]
        for split in 0...bytes.count {
            #expect(throws: ProtocolViolation.invalidUTF8) { try assembled(bytes, at: split, as: .text) }
            #expect(payload(try assembled(bytes, at: split, as: .binary)) == bytes)
        }
        #expect(throws: ProtocolViolation.invalidUTF8) { try assembled([0x61, 0xC3], at: 1, as: .text) }
    }

    @Test("what is over the limit is not kept, and said")
    func tooBig() throws {
        let bytes = [UInt8](repeating: 7, count: 11)
        let assembly = try assembled(bytes, at: 5, as: .binary, limit: 10)
        #expect(assembly.isTooBig && assembly.payload.isEmpty)
        #expect(try !assembled(bytes, at: 5, as: .binary, limit: 11).isTooBig)
    }

    @Test("compressed messages are inflated at every split and within the limit")
    func compressed() throws {
        let direction = DeflateDirection(windowBits: 12, startsAfresh: true)
        let text = Array(String(repeating: "tick 線路 ", count: 40).utf8)
        var deflater = Deflater(direction, DeflateOptions(), in: ContextArena())
        var packed = UniqueArray<UInt8>()
        #expect(deflater.compress(text.span, endOfMessage: true, appendingTo: &packed))
        let bytes = (0..<packed.count).map { packed[$0] }
        for split in 0...bytes.count {
            #expect(payload(try assembled(bytes, at: split, as: .text, inflating: direction)) == text)
        }
        #expect(throws: ProtocolViolation.messageTooBig(limit: 100)) {
            try assembled(bytes, at: 3, as: .text, limit: 100, inflating: direction)
        }
    }
}
