import Testing

@testable import Configuration

@Suite("The JSON Schema")
struct JSONSchemaTests {
    private static func entry(_ kind: Entry.Kind, initial: Shown? = nil, isRequired: Bool = false) -> JSON? {
        let outline = Outline(
            about: "",
            entries: [
                Entry(name: "k", about: "A `key`.", kind: kind, isRequired: isRequired, initial: initial)
            ],
            rules: [["not": [:] as JSON]])
        return JSONSchema.document(outline).member("properties")?.member("k")
    }

    private static let form = Form(words: "", schema: ["type": "integer"])

    @Test("a scalar is its kind, or a text with a variable")
    func scalars() {
        let schema = Self.entry(.scalar(Self.form), initial: .scalar(.init(text: "4")))
        #expect(
            schema == [
                "anyOf": [["type": "integer"], ["$ref": "#/$defs/variable"]], "description": "A key.",
                "default": 4,
            ])
        #expect(
            Self.entry(.scalar(Self.form), initial: .scalar(.init(text: "4", isText: true)))?.member(
                "default") == "4")
        #expect(
            Self.entry(.scalar(Self.form), initial: .scalar(.init(text: "true")))?.member("default") == true)
        #expect(Self.entry(.list(Self.form, least: 1))?.member("minItems") == 1)
    }

    @Test("a section may be nothing, unless it has a key that must be there")
    func sections() {
        let some = Outline(about: "", entries: [], rules: [])
        let needy = Outline(
            about: "", entries: [Entry(name: "x", about: "", kind: .scalar(Self.form), isRequired: true)],
            rules: [])
        guard case .array(let choices)? = Self.entry(.section(some, .always))?.member("anyOf") else {
            Issue.record("no choice")
            return
        }
        #expect(choices.last == ["type": "null"])
        #expect(Self.entry(.section(needy, .optional))?.member("required") == ["x"])
        #expect(Self.entry(.named(needy))?.member("type") == ["object", "null"])
    }

    @Test("unknown keys are none, rules are all to hold")
    func whole() {
        let document = JSONSchema.document(ProxyConfiguration.table.outline)
        #expect(document.member("additionalProperties") == false)
        #expect(document.member("required") == ["listeners", "routes"])
        #expect(document.member("$schema") == "https://json-schema.org/draft/2020-12/schema")
    }
}

extension JSON {
    fileprivate func member(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}
