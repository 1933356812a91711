import Testing

@testable import Configuration

@Suite("The reference article")
struct ReferenceArticleTests {
    private static let outline = Outline(
        about: "",
        entries: [
            Entry(
                name: "a", about: "One | two.", kind: .scalar(Form(words: "1 to 9", schema: [:])),
                initial: .scalar(.init(text: "4"))),
            Entry(
                name: "b", about: "A part.",
                kind: .sections(
                    Outline(
                        about: "",
                        entries: [
                            Entry(
                                name: "c", about: "See.", kind: .scalar(Form(words: "text", schema: [:])),
                                isRequired: true),
                            Entry(
                                name: "d", about: "Dee.", kind: .scalar(Form(words: "text", schema: [:])),
                                unset: "any"),
                        ], rules: []), least: 1)),
        ], rules: [])

    @Test("each key has a row, each section its own table")
    func rows() {
        let text = ReferenceArticle(Self.outline).text
        #expect(text.contains("| `a` | 1 to 9 | `4` | One \\| two. |\n"))
        #expect(text.contains("\n## b[]\n\nA part.\n\n| key |"))
        #expect(text.contains("| `c` | text | required | See. |\n| `d` | text | any | Dee. |\n"))
    }

    @Test("every key of the configuration is in it")
    func whole() {
        for key in ConfigurationTexts.keys {
            let name = key.split(separator: ".").last ?? ""
            #expect(ConfigurationTexts.reference.contains("| `\(name)` |"), "\(key)")
        }
    }
}
