import Testing
import YAML

@Suite("Nodes of YAML")
struct NodeTests {
    @Test("a node is one thing only")
    func kinds() throws {
        let root = try #require(try Composer.compose("{s: x, l: [], m: {}}")?.mapping)
        let kinds = root.map { ($0.value.scalar != nil, $0.value.sequence != nil, $0.value.mapping != nil) }
        #expect(kinds.map(\.0) == [true, false, false])
        #expect(kinds.map(\.1) == [false, true, false])
        #expect(kinds.map(\.2) == [false, false, true])
    }

    @Test("a key that is no text is there, and found by no text")
    func keys() throws {
        let root = try #require(try Composer.compose("? [a]\n: 1\n")?.mapping)
        #expect(root.count == 1 && root.first?.key.sequence?.count == 1 && root["a"] == nil)
    }
}
