import Routing
import Testing

@Suite("Sticky table")
struct StickyTableTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("remembers who gave a key out, the newest answer first")
    func remembers() {
        var table = StickyTable(capacity: 4)
        table.learn(bytes("a"), "one")
        table.learn(bytes("a"), "two")
        #expect(
            table.backend(of: bytes("a")) == "two" && table.backend(of: bytes("b")) == nil && table.count == 1
        )
    }

    @Test("forgets the oldest that nobody asks for, and stays bounded")
    func bounded() {
        var table = StickyTable(capacity: 4)
        table.learn(bytes("kept"), "one")
        for number in 0..<100 {
            table.learn(bytes("key \(number)"), "two")
            #expect(table.count <= 8)
            #expect(table.backend(of: bytes("kept")) == "one", "after \(number)")
        }
        #expect(table.backend(of: bytes("key 99")) == "two" && table.backend(of: bytes("key 1")) == nil)
    }
}
