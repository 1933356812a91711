import Testing

@testable import HTTPProtocol

@Suite("Forwarded")
struct ForwardedElementsTests {
    @Test("the node of each element")
    func nodes() {
        #expect(
            ForwardedElements.nodes(["for=a;proto=https, For=\"[::1]:2\"", "by=x"]) == ["a", "[::1]:2", nil])
        #expect(ForwardedElements.nodes([]) == [])
    }

    @Test(
        "what does not follow the grammar is nothing",
        arguments: [
            "for=10.0.0.1;x=\"", "for", "for=", "=a", "for=a;", "for=a,", ",", "", "for=a;for=b", "for=a b",
            "for=a:1",
        ])
    func malformed(value: String) {
        #expect(ForwardedElements.nodes([value]) == nil)
    }
}
