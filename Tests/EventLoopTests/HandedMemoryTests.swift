import EventLoop
import Testing

@Suite("Memory that is handed over")
struct HandedMemoryTests {
    private func copy(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

    @Test("what was written is read, once, and is gone then")
    func once() throws {
        let left = try HandedMemory(capacity: 4096) { output in
            for byte in UInt8(1)...200 { output.append(byte) }
        }
        // Another process has the same number; here both share one.
        let number = left.number
        do {
            let taken = try InheritedMemory(number, most: 200)
            #expect(taken.read(copy) == Array(1...200))
        }
        #expect(throws: SystemError.self) { _ = try InheritedMemory(number, most: 200).read(copy) }
        withExtendedLifetime(left) {}
    }

    @Test("nothing, or more than is wanted, is not taken")
    func sizes() throws {
        let empty = try HandedMemory(capacity: 10) { _ in }
        #expect(throws: SystemError.self) { _ = try InheritedMemory(empty.number, most: 10).read(copy) }
        withExtendedLifetime(empty) {}
        let large = try HandedMemory(capacity: 11) { output in for _ in 0..<11 { output.append(7) } }
        #expect(throws: SystemError.self) { _ = try InheritedMemory(large.number, most: 10).read(copy) }
        withExtendedLifetime(large) {}
    }

    @Test("a number that is no such memory is left alone")
    func others() throws {
        let loop = try EventLoop()
        _ = loop
        for number: Int32 in [0, 1, 2, -1, 9999] {
            #expect(throws: SystemError.self) { _ = try InheritedMemory(number, most: 10).read(copy) }
        }
        // Standard error is still there.
        let again = #expect(throws: SystemError.self) { _ = try InheritedMemory(2, most: 10).read(copy) }
        #expect(again?.reason == "Invalid argument")
    }
}
