import BasicContainers
import EventLoop
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Shared messages")
struct SharedMessageTests {
    private let account = MemoryAccount(on: MemoryLedger(MemoryPool()))

    private func bytes(_ shared: SharedBytes, from start: Int = 0) -> [UInt8] {
        shared.lend(from: start) { span in span.indices.map { span[$0] } }
    }

    @Test("a message is one unmasked frame, the same object for all")
    func framed() {
        let message = SharedMessage(.text, payload: Array("hi".utf8).span, on: account)
        #expect(bytes(message.plain) == [0x81, 2, 0x68, 0x69])
        #expect(message.bytes(for: nil) === message.plain)
        let long = SharedMessage(.binary, payload: [UInt8](repeating: 9, count: 300).span, on: account)
        #expect(Array(bytes(long.plain).prefix(5)) == [0x82, 126, 1, 44, 9] && long.plain.count == 304)
        #expect(bytes(SharedMessage(.text, payload: [UInt8]().span, on: account).plain) == [0x81, 0])
    }

    @Test("bytes are lent from any place, and nothing beyond their end")
    func lent() {
        let shared = SharedMessage(.text, payload: Array("hi".utf8).span, on: account).plain
        #expect(
            bytes(shared, from: 3) == [0x69] && bytes(shared, from: 4) == [] && bytes(shared, from: 9) == [])
    }
}
