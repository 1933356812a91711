import Testing

@testable import Configuration

@Suite("Keys that are no words")
struct AliasKeysTests {
    /// Nine times nine aliases, each line nine times the one before.
    private static let bomb =
        "a: &a [x,x,x]\n"
        + zip("abcdefgh", "bcdefghi").map {
            "\($1): &\($1) [\(Array(repeating: "*\($0)", count: 9).joined(separator: ","))]\n"
        }
        .joined()

    @Test(
        "with many aliases they are refused before they are compared",
        arguments: ["? *i\n: x\n", "*i : x\n", "z: {*i : x}\n", "[*i]: x\n", "? [*i]\n: x", "?\n  *i\n: x\n"])
    func refused(key: String) {
        #expect(load(Self.bomb + key).said.first?.hasSuffix("a key must be a single word") == true)
        #expect(AliasKeys.first(in: Self.bomb + key)?.line == 10)
    }

    @Test("aliases as values are all right, however many, and so is any key without them")
    func fine() {
        #expect(AliasKeys.first(in: Self.bomb + "routes: *i\nlisteners: [*a, *b]\n") == nil)
        #expect(AliasKeys.first(in: "? a\n: b\n[x]: y\n*a : z") == nil)
        #expect(AliasKeys.first(in: Self.bomb + "path: /a?b\nx: \"[::1]:80\"\ny: a*b\n") == nil)
    }

    @Test("depth has a limit", arguments: ["{a: ", "[", "- ", "? "])
    func depth(opening: String) {
        let said = load(String(repeating: opening, count: 100_000)).said
        #expect(said.count == 1 && said[0].contains("Maximum nesting level"))
    }
}
