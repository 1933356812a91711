import Testing

@testable import HTTPProtocol

@Suite("Names that are looked up with every head")
struct KnownNameTests {
    private static let names = KnownName.allCases.filter { $0 != .other }

    @Test("each is found in whatever case, and by no other spelling")
    func spellings() {
        // A set of them is a word of 32 bits.
        #expect(KnownName.allCases.count <= 32)
        for name in Self.names {
            #expect(FieldMeaning(of: name.spelling.utf8.span).known == name)
            #expect(FieldMeaning(of: name.spelling.uppercased().utf8.span).known == name)
            let other = String(name.spelling.map { $0 == "-" ? "_" : $0 })
            if other != name.spelling { #expect(FieldMeaning(of: other.utf8.span).known == .other) }
            for near in [name.spelling + "x", "x" + name.spelling, String(name.spelling.dropLast())] {
                #expect(FieldMeaning(of: near.utf8.span).known != name)
            }
        }
        #expect(FieldMeaning(of: "".utf8.span).known == .other)
    }

    @Test("a look by one says what a look by the text says, before and after lines go and come")
    func looks() {
        var all = fields(
            ("Host", "a"), ("x", "1"), ("HOST", "b"), ("Upgrade", "x, websocket"), ("cookie", "\u{fc}"),
            ("Origin", ""), ("Connection", "a"), ("connection", "b, Upgrade"))
        for _ in 0..<2 {
            for name in Self.names {
                let text = name.spelling
                #expect(all.first(name) == all.first(text) && all.all(name) == all.all(text))
                #expect(all.values(name) == all.values(text) && all.contains(name) == all.contains(text))
                #expect(Array(all.firstBytes(name)) == all.values(text).first ?? [])
                #expect(all.count(of: name) == all.values(text).count)
                #expect(all.only(name).count == all.count(of: name))
                #expect(all.only(name).value == (all.count(of: name) == 1 ? all.first(text) : nil))
            }
            all.remove("host")
            all.append(contentsOf: fields(("Te", "trailers"), ("user-agent", "x")))
        }
        #expect(!all.contains(.host) && all.contains(.te))
    }

    @Test("lists name tokens, in any of the lines and whatever their case")
    func tokens() {
        let all = fields(("Connection", "a , b"), ("Connection", "Upgrade"), ("Upgrade", "WebSocket"))
        for token in ["a", "b", "upgrade"] { #expect(all.hasToken(.connection, token)) }
        for token in ["", "upgrad"] { #expect(!all.hasToken(.connection, token)) }
        #expect(all.hasOnlyToken(.upgrade, "websocket") && !all.hasOnlyToken(.connection, "upgrade"))
        #expect(!all.hasOnlyToken(.te, "trailers") && !all.hasToken(.te, "trailers"))
    }

    @Test("one line with one value is told from others")
    func only() {
        let all = fields(("Sec-WebSocket-Version", "13"), ("Origin", "a"), ("Origin", "a"))
        #expect(all.isOnly(.version, "13".utf8.span) && !all.isOnly(.version, "1".utf8.span))
        #expect(!all.isOnly(.origin, "a".utf8.span) && !all.isOnly(.key, "".utf8.span))
    }
}
