import Patterns
import Testing

@Suite("Patterns")
struct PatternTests {
    @Test("the whole text must match, whatever alternatives there are")
    func anchored() throws {
        let pattern = try Pattern("/v[12]/(chat|feed)|/x|/xy")
        for text in ["/v1/chat", "/v2/feed", "/x", "/xy"] { #expect(try pattern.matches(text), "\(text)") }
        for text in ["/v3/chat", "/v1/chat/", "x/v1/chat", "/v1/chat\n", "", "/xyz"] {
            #expect(try !pattern.matches(text), "\(text)")
        }
        #expect(try Pattern("").matches("") && !Pattern("").matches("/"))
    }

    @Test("long texts match like short ones")
    func long() throws {
        let tail = String(repeating: "/", count: 16_000)
        let guarded = try Pattern("/+admin(/.*)?")
        #expect(try guarded.matches("/admin" + tail + "users") && guarded.matches(tail + "admin"))
        #expect(try Pattern("/rooms/[0-9]+").matches("/rooms/" + String(repeating: "1", count: 16_000)))
        #expect(
            try !Pattern("/rooms/[0-9]+").matches("/rooms/" + String(repeating: "1", count: 16_000) + "x"))
    }

    @Test(
        "a match that would take for ever is given up, and never called none",
        arguments: [
            ("/rooms/([a-z]+-?)+/ws", "/rooms/" + String(repeating: "a", count: 40) + "/x"),
            ("/f/.*/.*/.*/edit", "/f/" + String(repeating: "/", count: 1000) + "/editx"),
            ("(a|(a))*b", String(repeating: "a", count: 16_000)),
            ("/(((a)|b|c|d)*?)*x", "/" + String(repeating: "abcd", count: 4000)),
        ])
    func givesUp(_ text: String, _ path: String) throws {
        let pattern = try Pattern(text)
        #expect(throws: PatternLimitReached()) { try pattern.matches(path) }
        // And goes on to serve.
        #expect(try !pattern.matches("/"))
    }

    @Test("a pattern can't take the limits off, nor read anything but bytes")
    func settings() throws {
        let pattern = try Pattern("(*LIMIT_MATCH=4000000000)/(a+)+b")
        #expect(throws: PatternLimitReached()) {
            try pattern.matches("/" + String(repeating: "a", count: 60) + "cb")
        }
        #expect(throws: PatternError.self) { try Pattern("(*UTF)a") }
    }

    @Test("what is no pattern is told in PCRE2's words, with its place")
    func complaints() {
        let error = #expect(throws: PatternError.self) { try Pattern("/rooms/(a") }
        #expect(error?.message == "missing closing parenthesis" && error?.offset == 9)
        let range = #expect(throws: PatternError.self) { try Pattern("/[z-a]/x") }
        #expect(range?.message == "range out of order in character class" && range?.offset == 4)
    }
}
