import Routing
import Testing

@Suite("Sticky table")
struct StickyTableTests {
    @Test("remembers who gave a key out, the newest answer first")
    func remembers() {
        var table = StickyTable(capacity: 4)
        table.learn("a", "one")
        table.learn("a", "two")
        #expect(table.backend(of: "a") == "two" && table.backend(of: "b") == nil && table.count == 1)
    }

    @Test("forgets the oldest that nobody asks for, and stays bounded")
    func bounded() {
        var table = StickyTable(capacity: 4)
        table.learn("kept", "one")
        for number in 0..<100 {
            table.learn("key \(number)", "two")
            #expect(table.count <= 8)
            #expect(table.backend(of: "kept") == "one", "after \(number)")
        }
        #expect(table.backend(of: "key 99") == "two" && table.backend(of: "key 1") == nil)
    }
}
