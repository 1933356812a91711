import Testing
import YAML

@testable import Configuration

/// A small value with every kind of key.
private struct Sample: Equatable, Sendable {
    struct Part: Equatable, Sendable {
        var flag = false
        static let table = Table("A part.", start: Self()) { Key.value("flag", \.flag, .flag, "A flag.") }
    }

    struct Item: Equatable, Sendable {
        var name = ""
        var size = 1
        static let table = Table("An item.", start: Self()) {
            Key.value("name", \.name, .text, "Its name.", isRequired: true, example: "x").naming("item")
            Key.value("size", \.size, .integer(1...9), "Its size.")
        }
    }

    var number = 3
    var word: String?
    var words: [String] = []
    var some: [String]?
    var part = Part()
    var maybe: Part?
    var items: [Item] = []
    var named: [String: Part] = [:]

    static let table = Table(
        "All.", start: Self(),
        rules: [
            Rule(schema: ["x": 1]) { sample, section in
                if sample.number == 9 { section.complain(section.place, "nine") }
            }
        ]
    ) {
        Key.value("number", \.number, .integer(0...9), "A number.")
        Key.optional("word", \.word, .text.filled, "A word.", example: "w", unset: "none")
        Key.list("words", \.words, .text, "Words.", empty: { "\($0) has no words" })
        Key.optionalList("some", \.some, .text, "Some.", example: "s")
        Key.section("part", \.part, Part.table)
        Key.optionalSection("maybe", \.maybe, Part.table, canBeOff: true)
        Key.sections(
            "items", \.items, Item.table, title: { index, _ in "item \(index)" }, usual: "name",
            lacking: { _, isAbsent in isAbsent ? "no items" : "empty items" },
            start: { Item(size: $0.number) })
        Key.named("named", \.named, Part.table, kind: "part", example: "p")
    }
}

@Suite("Tables of keys")
struct TableTests {
    private func read(_ text: String) throws -> (Sample?, [String]) {
        let complaints = Complaints(file: "f", environment: ["A": "4"])
        let section = Section(
            try Composer.compose(text), title: Section.top, place: Place(line: 1, column: 1), complaints)
        let value = Sample.table.read(section, over: Sample.table.start)
        return (value, Diagnostics(complaints.list).list.map(\.description))
    }

    @Test("every kind of key is read into its place, and shown again")
    func kinds() throws {
        let text = """
            number: 5
            word: w
            words: [a, b]
            some: []
            part:
              flag: true
            maybe:
              flag: false
            items:
              - name: x
                size: 5
              - name: z
                size: 2
            named:
              p:
                flag: true
            """
        let (value, said) = try read(text.replacingFirst("    size: 5\n", ""))
        let sample = try #require(value)
        #expect(said == [] && sample.number == 5 && sample.word == "w" && sample.words == ["a", "b"])
        #expect(
            sample.some == [] && sample.part.flag && sample.maybe == .init()
                && sample.named["p"]?.flag == true)
        // An item begins with what was read before it.
        #expect(sample.items == [.init(name: "x", size: 5), .init(name: "z", size: 2)])
        #expect(Sample.table.show(sample).yaml().joined(separator: "\n") == text)
    }

    @Test("what is left out has its default, or is not there")
    func defaults() throws {
        let (value, said) = try read("items: [{ name: x }]")
        var expected = Sample()
        expected.items = [.init(name: "x", size: 3)]
        #expect(value == expected && said == [])
        for off in ["off", "false"] {
            #expect(try read("items: [{ name: x }]\nmaybe: \(off)").0?.maybe == nil)
        }
        #expect(try read("items: [{ name: x }]\nmaybe:").0?.maybe == .init())
    }

    @Test("each mistake is one complaint, in its place")
    func complaints() throws {
        let texts = [
            ("numbr: 1", "f:1:1: unknown key 'numbr' in the configuration, did you mean 'number'?"),
            (
                "number: x",
                "f:1:9: 'x' is no valid 'number' in the configuration, expected a whole number from 0 to 9"
            ),
            ("number: [1]", "f:1:9: 'number' in the configuration must be a single value"),
            ("word: ''", "f:1:7: 'word' in the configuration is empty"),
            ("words: []", "f:1:1: the configuration has no words"),
            ("words: a", "f:1:8: 'words' in the configuration must be a list"),
            ("part: { flag: x }", "f:1:15: 'x' is no valid 'flag' in 'part', expected true or false"),
            ("part: x", "f:1:7: 'part' must be a mapping of keys and values"),
            ("maybe: x", "f:1:8: 'maybe' must be a mapping of keys and values"),
            ("named: { p: { flog: 1 } }", "f:1:15: unknown key 'flog' in part 'p', did you mean 'flag'?"),
            ("number: 9", "f:1:1: nine"),
            (
                "number: '${B}'",
                "f:1:9: environment variable 'B' is not set; give it, or a default: ${B:-value}"
            ),
        ]
        for (text, wanted) in texts { #expect(try read(text + "\nitems: [{ name: x }]").1 == [wanted]) }
        #expect(try read("number: '${A}'\nitems: [{ name: x }]").0?.number == 4)
    }

    @Test("items are told apart by their names, or else by their numbers")
    func items() throws {
        #expect(
            try read("number: 1").1 == ["f:1:1: no items"] && read("items: []").1 == ["f:1:1: empty items"])
        #expect(try read("items: [{ size: 1 }]").1 == ["f:1:9: missing required key 'name' in item 1"])
        #expect(try read("items: [{ name: '' }]").1 == ["f:1:17: 'name' in item 1 is empty"])
        #expect(try read("items: [a]").1.first?.hasSuffix("did you mean { name: \"a\" }?") == true)
        let (value, said) = try read("items: [{ name: x, size: 0 }, { nam: y }, { name: z }]")
        #expect(
            said.contains { $0.contains("'size' in item 'x'") } && said.contains { $0.contains("in item 2") })
        #expect(value?.items.map(\.name) == ["x", "z"])
    }

    @Test("the description has each key with its default")
    func outline() throws {
        let entries = Sample.table.outline.entries
        #expect(
            entries.map(\.name) == ["number", "word", "words", "some", "part", "maybe", "items", "named"])
        #expect(entries[0].initial?.line == "3" && entries[1].initial == nil && entries[1].unset == "none")
        #expect(Sample.table.outline.rules == [["x": 1]])
    }
}

extension String {
    fileprivate func replacingFirst(_ pattern: String, _ with: String) -> String {
        split(separator: pattern, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: with)
    }
}
