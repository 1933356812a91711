import Testing

@testable import Configuration

@Suite("Values as they are shown")
struct ShownTests {
    private static func word(_ text: String, isText: Bool = true) -> Shown {
        .scalar(.init(text: text, isText: isText))
    }

    @Test(
        "a text is quoted where YAML would take it for something else",
        arguments: [
            ("chat", "chat"), ("10s", "10s"), ("a/b.pem", "a/b.pem"), ("127.0.0.1:80", "\"127.0.0.1:80\""),
            ("", "\"\""), ("off", "\"off\""), ("No", "\"No\""), ("null", "\"null\""), ("1.2", "\"1.2\""),
            ("404", "\"404\""), ("0660", "\"0660\""), ("1e5", "\"1e5\""), (".5", "\".5\""),
            ("a b", "\"a b\""),
            ("*", "\"*\""), ("[::]:1", "\"[::]:1\""), ("-x", "\"-x\""), ("x:", "\"x:\""), ("#x", "\"#x\""),
            ("a\nb", "\"a\\nb\""), ("a: b", "\"a: b\""),
        ])
    func quoting(text: String, yaml: String) { #expect(Self.word(text).line == yaml) }

    @Test("numbers and words are not")
    func plain() {
        for text in ["404", "off", "20%", "1.2"] { #expect(Self.word(text, isText: false).line == text) }
    }

    @Test("a text with the signs of a variable stays that text")
    func variables() {
        let text = "a${HOME}${"
        let shown = Self.word(text).line ?? ""
        let loaded = load(rest: "log: { access: \(shown) }")
        guard case .file(let file)? = loaded.value?.log.access else {
            Issue.record("\(shown): \(loaded.said)")
            return
        }
        #expect(file.value == text)
    }

    @Test("a secret is not shown")
    func secrets() {
        #expect(Shown.scalar(.init(text: "hush", isText: true, isSecret: true)).line == "\"***\"")
    }

    @Test("mappings and lists of them stand in lines of their own")
    func blocks() {
        let one = Shown.map([
            .init(name: "a", value: Self.word("x")),
            .init(name: "b", value: .map([.init(name: "c", value: .list([]))])),
        ])
        let all = Shown.map([
            .init(name: "list", value: .list([one, one])),
            .init(name: "words", value: .list([Self.word("why"), Self.word("off")])),
            .init(name: "none", value: .map([])),
        ])
        #expect(
            all.yaml() == [
                "list:", "  - a: x", "    b:", "      c: []", "  - a: x", "    b:", "      c: []",
                "words: [why, \"off\"]", "none: {}",
            ])
    }

    @Test("what differs is told by its path")
    func differences() {
        let one = Shown.map([
            .init(name: "a", value: Self.word("x")),
            .init(name: "b", value: .map([.init(name: "c", value: Self.word("why"))])),
        ])
        let other = Shown.map([
            .init(name: "a", value: Self.word("x")),
            .init(name: "b", value: .map([.init(name: "c", value: Self.word("zoo"))])),
        ])
        #expect(one.differences(from: other) == ["b.c why"] && one.differences(from: one) == [])
    }
}
