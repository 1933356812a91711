import HTTPProtocol
import Testing

@Suite("Header fields")
struct HeaderFieldsTests {
    private let sample = fields(
        ("Host", "a"), ("X-One", "1"), ("COOKIE", "b"), ("x-one", "2"), ("Connection", "a, b"))

    @Test("keep order and spelling on the wire")
    func writes() {
        var bytes: [UInt8] = []
        sample.write(into: &bytes)
        #expect(text(bytes) == "Host: a\r\nX-One: 1\r\nCOOKIE: b\r\nx-one: 2\r\nConnection: a, b\r\n")
        #expect(sample.count == 5)
        #expect(sample.list[2] == .init("COOKIE", "b"))
    }

    @Test("are found whatever the case of their name, and only by the whole name")
    func lookup() {
        #expect(sample.first("x-ONE") == "1")
        #expect(sample.all("X-one") == ["1", "2"])
        #expect(sample.contains("cookie"))
        #expect(!sample.contains("cooki"))
        #expect(sample.first("x-on") == nil)
        #expect(sample.all("x-one1").isEmpty)
    }

    @Test("removal takes all lines of a name and leaves the others in place")
    func removal() {
        var copy = sample
        copy.remove("X-ONE")
        #expect(copy == fields(("Host", "a"), ("COOKIE", "b"), ("Connection", "a, b")))
        copy.remove("absent")
        #expect(copy.count == 3)
        copy.append("X-One", "3")
        #expect(copy.first("x-one") == "3")
        copy.removeAll { $0.hasPrefix("co") }
        #expect(copy == fields(("Host", "a"), ("X-One", "3")))
    }

    @Test("white space around a value is no part of it")
    func trimming() {
        #expect(fields(("A", " \t b c\t ")).first("a") == "b c")
        #expect(fields(("A", "   ")).first("a") == "")
        #expect(fields(("A", " \u{301}x")).first("a") == "\u{301}x")
    }

    @Test("a value can't forge a line")
    func injection() {
        var bytes: [UInt8] = []
        fields(("A", "b\r\nX: y\0z")).write(into: &bytes)
        #expect(text(bytes) == "A: b  X: y z\r\n")
    }

    @Test("tokens are found over all lines, whatever their case, and never as a part")
    func tokens() {
        let list = fields(("Connection", "keep-alive, , Upgrade"), ("connection", " x-a\t,\"q\""))
        #expect(list.tokens("CONNECTION") == ["keep-alive", "Upgrade", "x-a", "\"q\""])
        #expect(list.hasToken(.connection, "upgrade"))
        #expect(!list.hasToken(.connection, "upgrad"))
        #expect(!list.hasToken(.connection, "alive"))
        #expect(!fields(("Connection", "a,\u{301}upgrade")).hasToken(.connection, "upgrade"))
    }

    @Test("one set appended to another is the same as its lines appended")
    func appending() {
        var one = fields(("A", "1"))
        one.append(contentsOf: fields(("B", "2"), ("A", "3")))
        #expect(one == fields(("A", "1"), ("B", "2"), ("A", "3")))
        #expect(one.all("a") == ["1", "3"])
    }

    @Test("lines as bytes, opaque ones among them")
    func bytes() {
        var all = HeaderFields()
        all.append(name: Array("X-A".utf8)[...], value: [0x61, 0xFF])
        all.append("b", "c")
        var seen: [[UInt8]] = []
        all.forEach { seen += [Array($0), Array($1)] }
        #expect(seen == [Array("X-A".utf8), [0x61, 0xFF], Array("b".utf8), Array("c".utf8)])
    }
}
