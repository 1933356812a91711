import Telemetry
import Testing

@Suite("JSON")
struct JSONValueTests {
    @Test("members keep their order, text is escaped, nothing is empty brackets")
    func text() {
        let value: JSONValue = .object([
            ("b", 1), ("a", .array(["x\"y", true, .null])), ("none", .array([])), ("number", .number(1.5)),
            ("not a number", .number(.nan)), ("word", .optional(nil)),
        ])
        #expect(
            value.text == """
                {
                  "b": 1,
                  "a": [
                    "x\\"y",
                    true,
                    null
                  ],
                  "none": [],
                  "number": 1.5,
                  "not a number": null,
                  "word": null
                }

                """)
    }
}
