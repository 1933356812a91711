import Testing

@testable import Configuration

@Suite("JSON")
struct JSONTests {
    @Test("every kind of value is written as others read it")
    func kinds() {
        let value: JSON = ["a": [1, true, "b"], "c": [:] as JSON, "d": -2]
        #expect(value.text() == #"{ "a": [1, true, "b"], "c": {}, "d": -2 }"#)
        #expect(JSON.quoted("\"\\\n\t\u{1}\u{7f}ü${x}") == #""\"\\\n\t\u0001\u007fü${x}""#)
    }

    @Test("what is long takes lines of its own")
    func long() {
        let long = String(repeating: "x", count: 90)
        let value: JSON = ["a": ["b": .text(long)], "c": [.text(long), 1]]
        #expect(
            value.text()
                == "{\n  \"a\": { \"b\": \"\(long)\" },\n  \"c\": [\"\(long)\", 1]\n}".replacing(
                    "{ \"b\": \"\(long)\" }", with: "{\n    \"b\": \"\(long)\"\n  }"
                )
                .replacing("[\"\(long)\", 1]", with: "[\"\(long)\", 1]"))
    }

    @Test("members are added behind, where there is something to add")
    func members() {
        let value: JSON = ["a": 1]
        #expect(value.with("b", 2) == ["a": 1, "b": 2])
        #expect(value.with("b", nil) == value && (1 as JSON).with("b", 2) == 1)
    }
}
