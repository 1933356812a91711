import EventLoop
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Messages in pieces")
struct MessageAssemblyTests {
    private let account = MemoryAccount(on: MemoryLedger(MemoryPool()))

    private func assembled(
        _ bytes: [UInt8], at split: Int, as opcode: Opcode, limit: Int = 1000
    ) throws -> MessageAssembly {
        let assembly = MessageAssembly(opcode, limit: limit, on: account)
        try assembly.append(bytes.span.extracting(0..<split), isLast: false)
        try assembly.append(bytes.span.extracting(split..<bytes.count), isLast: true)
        return assembly
    }

    private func payload(_ assembly: MessageAssembly) -> [UInt8] {
        assembly.payload.lend { span in span.indices.map { span[$0] } }
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
        #expect(assembly.isTooBig && assembly.payload.isEmpty && account.held == 0)
        #expect(try !assembled(bytes, at: 5, as: .binary, limit: 11).isTooBig)
    }
}
