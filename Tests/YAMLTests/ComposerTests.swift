import Testing
import YAML

@Suite("Composing YAML")
struct ComposerTests {
    @Test("every value has its text, its style and its place")
    func places() throws {
        let text = "a: 1\nb:\n  - 'x''y'\n  - {c: \"\\u00e9\"}\n  - |\n    block\n  - >-\n    fol\n    ded\n"
        let root = try #require(try Composer.compose(text)?.mapping)
        #expect(root.map { $0.key.scalar?.string } == ["a", "b"])
        #expect(root["a"]?.scalar?.style == .plain && root["a"]?.mark == .init(line: 1, column: 4))
        let list = try #require(root["b"]?.sequence)
        #expect(list.first?.scalar?.string == "x'y" && list.first?.scalar?.style == .singleQuoted)
        #expect(list[1].mapping?["c"]?.scalar?.string == "é" && list[1].mark == .init(line: 4, column: 5))
        #expect(list[2].scalar?.string == "block\n" && list[2].scalar?.style == .literal)
        #expect(list[3].scalar?.string == "fol ded" && list[3].scalar?.style == .folded)
        #expect(root["b"]?.mark == .init(line: 3, column: 3) && root["z"] == nil)
    }

    @Test("columns are counted in Unicode scalars")
    func columns() throws {
        #expect(try Composer.compose("{ä: ö, b: c}")?.mapping?["b"]?.mark == .init(line: 1, column: 11))
    }

    @Test("a text without a document is nothing", arguments: ["", "\n", "# only words\n"])
    func nothing(text: String) throws {
        #expect(try Composer.compose(text) == nil)
    }

    @Test("an alias is what its anchor was last, where that stands")
    func aliases() throws {
        let root = try #require(try Composer.compose("a: &x 1\nb: *x\nc: &x [2]\nd: *x\n")?.mapping)
        #expect(root["b"]?.scalar?.string == "1" && root["b"]?.mark == .init(line: 1, column: 4))
        #expect(root["d"]?.sequence?.first?.scalar?.string == "2")
    }

    @Test("aliases of aliases share their memory, as values and as keys")
    func multiplied() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            text +=
                "a\(level): &a\(level) ["
                + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        #expect(try Composer.compose(text + "? *a30\n: 1\n? *a30\n: 2\n")?.mapping?.count == 33)
    }

    @Test(
        "what is refused is refused where it stands",
        arguments: [
            (
                "a: [\n",
                YAMLError.syntax(problem: "did not find expected node content", .init(line: 2, column: 1))
            ),
            ("a: 1\nb: 2\na: 3\n", .repeatedKey("a", .init(line: 3, column: 1))),
            ("x: {k: 1, k: 2}", .repeatedKey("k", .init(line: 1, column: 11))),
            ("a: *b", .unknownAlias("b", .init(line: 1, column: 4))),
            ("a: &b [*b]", .unknownAlias("b", .init(line: 1, column: 8))),
            ("a: 1\n---\nb: 2\n", .secondDocument(.init(line: 2, column: 1))),
            (
                "ä: 1\nbö: \u{1}\n",
                .syntax(problem: "control characters are not allowed", .init(line: 2, column: 5))
            ),
        ])
    func refused(text: String, error: YAMLError) {
        #expect(throws: error) { try Composer.compose(text) }
    }

    @Test("levels have a limit, before the memory for them is taken")
    func depth() throws {
        let most = Composer.mostLevels
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try Composer.compose(nested(most)) != nil)
        #expect(throws: YAMLError.tooDeep(.init(line: 1, column: most + 1))) {
            try Composer.compose(nested(most + 1))
        }
    }

    @Test("openings without end are refused soon", arguments: ["{a: ", "[", "- ", "? "])
    func openings(opening: String) {
        #expect(throws: YAMLError.self) {
            try Composer.compose(String(repeating: opening, count: 100_000))
        }
    }
}
