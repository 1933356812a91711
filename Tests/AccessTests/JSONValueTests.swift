import Access
import Testing

struct JSONValueTests {
    private func value(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(Array(text.utf8)) }

    @Test("all kinds of values are read")
    func kinds() throws {
        let text = #" {"a":[1,-2.5e+3,"x\u00e9\ud83d\ude00\n\/"],"b":{},"c":[],"d":true,"e":false,"f":null} "#
        let read = try value(text)
        #expect(
            read
                == .object([
                    "a": .array([.number("1"), .number("-2.5e+3"), .string("xé😀\n/")]), "b": .object([:]),
                    "c": .array([]), "d": .bool(true), "e": .bool(false), "f": .null,
                ]))
        #expect(read["a"] != nil && read["z"] == nil)
        #expect(try value("7") == .number("7"))
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "{", "}", "[1,]", #"{"a":1,}"#, #"{"a"}"#, #"{a:1}"#, "01", "1.", ".5", "+1", "NaN",
            "Infinity", "-", "1e", #""\x""#, #""\ud800""#, #""\udc00x""#, #""\ud800\u0041""#, "\"\u{1}\"",
            "\"abc", "[1 2]", "{} {}", "tru", "nul", "'a'", #"{"a":1 "b":2}"#, "1e+",
        ])
    func malformed(text: String) { #expect(throws: JSONError.malformed) { try value(text) } }

    @Test("bytes that are not UTF-8 are refused")
    func bytes() {
        #expect(throws: JSONError.malformed) { try JSONValue([34, 0xC3, 34]) }
        #expect(throws: JSONError.malformed) { try JSONValue([34, 0xFF, 34]) }
    }

    @Test("a name twice is refused, in escapes too")
    func duplicates() {
        #expect(throws: JSONError.duplicateName) { try value(#"{"a":1,"a":2}"#) }
        #expect(throws: JSONError.duplicateName) { try value(#"[{"alg":1,"\u0061lg":2}]"#) }
    }

    @Test("what is nested deeply is refused, however much of it there is")
    func depth() throws {
        _ = try value(String(repeating: "[", count: 16) + String(repeating: "]", count: 16))
        for text in ["[", #"{"a":"#] {
            #expect(throws: JSONError.tooDeep) { try value(String(repeating: text, count: 100_000)) }
        }
    }
}
