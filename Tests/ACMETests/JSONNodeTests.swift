import ACME
import Testing

@Suite("JSON nodes")
struct JSONNodeTests {
    @Test("written in their order, without white space")
    func writing() {
        let node = JSONNode.object([
            "b": .text("a\"\\\n\u{1}é"), "a": .list([.number(1), .number(-1.5), .null, .flag(true)]),
            "c": .object([]),
        ])
        #expect(
            String(decoding: node.encoded, as: UTF8.self)
                == #"{"b":"a\"\\\u000a\u0001é","a":[1,-1.5,null,true],"c":{}}"#)
    }

    @Test("what isn't there is nil, and nothing is taken for something else")
    func access() {
        let node = JSONNode.object(["s": .text("x"), "l": .list([.text("y")]), "t": .flag(true)])
        #expect(node["s"]?.string == "x")
        #expect(node["q"] == nil)
        #expect(node["l"]?.string == nil)
        #expect(node["l"]?.elements == [.text("y")])
        #expect(node["s"]?.elements == [])
        #expect(node["t"]?.isTrue == true)
        #expect(node["s"]?["x"] == nil)
    }

    @Test("read by name, whatever the order; what is no number for us is nothing")
    func reading() throws {
        let node = try JSONNode(parsing: Array(#"{"b":[1,-2.5e1,1e999,null],"a":{"c":"é"}}"#.utf8))
        #expect(
            node
                == .object([
                    "a": .object(["c": .text("é")]), "b": .list([.number(1), .number(-25), .null, .null]),
                ]))
    }

    @Test("what is refused is said in words")
    func refused() {
        let texts: [(String, String)] = [
            ("<html>", "no JSON"), (#"{"a":1,"a":2}"#, "JSON with a name that stands twice"),
            (String(repeating: "[", count: 100_000), "JSON that is nested too deeply"),
        ]
        for (text, words) in texts {
            #expect(throws: ACMEError.malformed(words)) { try JSONNode(parsing: Array(text.utf8)) }
        }
    }
}
