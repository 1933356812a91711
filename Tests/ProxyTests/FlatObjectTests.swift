import Testing

@testable import Proxy

@Suite("Flat JSON objects")
struct FlatObjectTests {
    private func members(_ text: String) -> [String: String]? { FlatObject(Array(text.utf8))?.members }

    @Test(
        "members that are text are read, others left out",
        arguments: [
            ("{}", [:]), (" { } ", [:]),
            (#"{"type":"join","name":"Ada"}"#, ["type": "join", "name": "Ada"]),
            (#"{"a":1,"b":[1,{"c":"}"}],"d":null,"e":"x"}"#, ["e": "x"]),
            (#"{"a":"x","a":"y"}"#, ["a": "y"]), (#"{"a":"x","a":2}"#, [:]),
            (#"{"a" : "\"\\\/\b\f\n\r\t\u00e9"}"#, ["a": "\"\\/\u{8}\u{C}\n\r\té"]),
            (#"{"a":"\ud83d\ude00 \ud83d \ude00"}"#, ["a": "😀 \u{FFFD} \u{FFFD}"]),
        ] as [(String, [String: String])])
    func reads(text: String, expected: [String: String]) { #expect(members(text) == expected) }

    @Test(
        "what is no object is nothing",
        arguments: [
            "", "[]", "x", "\"a\"", "{", "{\"a\"}", "{\"a\":}", "{\"a\":,}", "{\"a\":\"b\",}",
            "{\"a\":\"b\"} x",
            "{\"a\":\"b", "{a: b}", "type: who", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\u12g4\"}", "{\"a\":[}", "{\"a\":[1}", "{\"a\":1]", "{\"a\":{]}}", "{\"a\" \"b\"}",
        ])
    func refuses(text: String) { #expect(members(text) == nil) }

    @Test("nesting has a limit, and a hundred thousand brackets are one pass")
    func depth() {
        let nested = { (depth: Int) in
            "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(members(nested(FlatObject.deepest)) == [:])
        for depth in [FlatObject.deepest + 1, 100_000] { #expect(members(nested(depth)) == nil) }
        #expect(members(String(repeating: "{\"a\":", count: 100_000)) == nil)
    }
}
