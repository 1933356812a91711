import BasicContainers
import EventLoop
import PerMessageDeflate
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("A client's message on its way to a feed's backend")
struct ClientMessageTests {
    private static let direction = DeflateDirection(windowBits: 12, startsAfresh: true)
    private let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
    private let memory = ContextMemory(budget: 0)
    private let share = ContextShare(most: 1 << 20)
    private let scratch = ScratchStack()

    private func message(
        _ bytes: [UInt8], at split: Int, as opcode: Opcode, isCompressed: Bool, limit: Int = 1 << 20
    ) throws -> (ClientMessage, meant: Int) {
        let message = ClientMessage(
            opcode, compression: isCompressed ? Self.direction : nil, limits: InflateLimits(message: limit),
            memory: memory, in: share, on: account, at: 0)
        var meant = try message.append(
            bytes.span.extracting(0..<split), isLast: false, at: 1, scratch: scratch)
        meant += try message.append(
            bytes.span.extracting(split..<bytes.count), isLast: true, at: 2, scratch: scratch)
        return (message, meant)
    }

    /// The message that the backend reads, and in how many frames it comes.
    private func passedOn(_ message: ClientMessage) throws -> (bytes: [UInt8], frames: Int) {
        var wire = UniqueArray<UInt8>()
        while try !message.passOn(maskingKey: 0, to: &wire, scratch: scratch) {}
        var reader = FrameReader(
            fromClient: true, limits: FrameLimits(frame: .max, message: .max, fragments: 1000),
            allowsCompression: false)
        var read: [UInt8] = []
        var (frames, messages) = (0, 0)
        var position = 0
        while let slice = try reader.next(wire.span, from: &position) {
            frames += 1
            if slice.endsMessage { messages += 1 }
            for index in slice.payload { read.append(wire[index]) }
        }
        #expect(messages == 1)
        return (read, frames)
    }

    private func packed(_ plain: [UInt8]) -> [UInt8] {
        var deflater = Deflater(Self.direction, DeflateOptions(), in: ContextArena())
        var packed = UniqueArray<UInt8>()
        #expect(deflater.compress(plain.span, endOfMessage: true, appendingTo: &packed))
        return packed.indices.map { packed[$0] }
    }

    @Test("arrives whole at every split, compressed or not", arguments: [false, true])
    func everySplit(isCompressed: Bool) throws {
        let text = Array(String(repeating: "grüße 線路 ", count: 20).utf8)
        let bytes = isCompressed ? packed(text) : text
        for split in 0...bytes.count {
            let (message, meant) = try message(bytes, at: split, as: .text, isCompressed: isCompressed)
            #expect(meant == text.count && message.lastCame == 2)
            #expect(try passedOn(message) == (text, 1))
        }
        #expect(account.held == 0)
    }

    @Test("holds what has come, not what it means, and is passed on in steps")
    func large() throws {
        let plain = [UInt8](repeating: 7, count: 900_000)
        let bytes = packed(plain)
        let (message, _) = try message(bytes, at: 10, as: .binary, isCompressed: true)
        #expect(account.held < 2 * bytes.count + 64 && share.held == 0)
        let passed = try passedOn(message)
        #expect(passed.bytes == plain && passed.frames > 10)
    }

    @Test("counts what zlib takes for it, until it has come and until it is passed on")
    func contexts() throws {
        let bytes = packed([UInt8](repeating: 7, count: 900_000))
        let message = ClientMessage(
            .binary, compression: Self.direction, limits: InflateLimits(), memory: memory, in: share,
            on: account,
            at: 0)
        _ = try message.append(bytes.span.extracting(0..<9), isLast: false, at: 1, scratch: scratch)
        #expect(share.held > 8000 && account.held > share.held && memory.used == share.held)
        _ = try message.append(bytes.span.extracting(9..<bytes.count), isLast: true, at: 1, scratch: scratch)
        #expect(share.held == 0)
        var wire = UniqueArray<UInt8>()
        while try !message.passOn(maskingKey: 0, to: &wire, scratch: scratch) { #expect(share.held > 8000) }
        #expect(share.held == 0)
    }

    @Test("what is no text, no deflate or too large is refused before any of it is passed on")
    func refused() throws {
        let broken: [UInt8] = [0x61, 0xC3, 0x28, 0x61]
        for split in 0...4 {
            #expect(throws: ProtocolViolation.invalidUTF8) {
                try message(broken, at: split, as: .text, isCompressed: false)
            }
            #expect(throws: ProtocolViolation.invalidUTF8) {
                try message(packed(broken), at: split, as: .text, isCompressed: true)
            }
        }
        #expect(throws: ProtocolViolation.invalidCompressedData) {
            try message([0xFF, 0xFF, 0xFF], at: 1, as: .binary, isCompressed: true)
        }
        for isCompressed in [false, true] {
            let bytes = [UInt8](repeating: 7, count: 101)
            #expect(throws: ProtocolViolation.messageTooBig(limit: 100)) {
                try message(
                    isCompressed ? packed(bytes) : bytes, at: 3, as: .binary, isCompressed: isCompressed,
                    limit: 100)
            }
        }
        #expect(account.held == 0)
    }
}
