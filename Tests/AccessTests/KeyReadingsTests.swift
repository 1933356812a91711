import Access
import HTTPProtocol
import Testing

@Suite("Keys of a request, in all their readings")
struct KeyReadingsTests {
    private func fields(_ lines: (String, String)...) -> HeaderFields {
        var fields = HeaderFields()
        for (name, value) in lines { fields.append(name, value) }
        return fields
    }

    @Test("a field that stands once is one key, in whatever case and spelling its name is")
    func once() {
        for name in ["X-Api-Key", "x-api-key", "X_API_KEY", "x.api-key"] {
            #expect(KeyReadings.field("x-api-key", in: fields((name, "one"))) == ["one"])
        }
        #expect(KeyReadings.field("x-api-key", in: fields(("X-Api-Keys", "one"))) == [])
        #expect(KeyReadings.field("x-api-key", in: fields(("X-Api-Key", ""))) == [])
    }

    @Test("of one that stands twice each line counts, and both joined")
    func twice() {
        let two = fields(("X-Api-Key", "made up"), ("X-Other", "no"), ("x_api_key", "right"))
        #expect(KeyReadings.field("x-api-key", in: two) == ["made up, right", "made up", "right"])
        let same = fields(("X-Api-Key", "a"), ("X-Api-Key", "a"))
        #expect(KeyReadings.field("x-api-key", in: same) == ["a, a", "a"])
    }

    @Test("a request that can be read in too many ways has too many")
    func tooMany() {
        var fields = HeaderFields()
        for number in 0..<KeyReadings.most { fields.append("X-Api-Key", "\(number)") }
        #expect(KeyReadings.field("x-api-key", in: fields)?.count == KeyReadings.most + 1)
        fields.append("X-Api-Key", "one more")
        #expect(KeyReadings.field("x-api-key", in: fields) == nil)
        var cookies = HeaderFields()
        cookies.append("Cookie", (0..<KeyReadings.most).map { "s=\($0)" }.joined(separator: "; "))
        #expect(KeyReadings.cookie("s", in: cookies)?.count == KeyReadings.most)
        cookies.append("Cookie", "s=x")
        #expect(KeyReadings.cookie("s", in: cookies) == nil)
    }

    @Test("credentials are the same whatever the case of their scheme and the blanks behind it")
    func credentials() {
        for value in ["Bearer abc", "bearer abc", "BEARER \t  abc"] {
            #expect(
                KeyReadings.field("authorization", in: fields(("Authorization", value))) == ["bearer abc"])
        }
        #expect(KeyReadings.field("authorization", in: fields(("Authorization", "abc"))) == ["abc"])
    }

    @Test(
        "a cookie is the same however it is written",
        arguments: [
            "s=abc", "a=b; s=abc", "a=b;s=abc;c=d", "s=\"abc\"", "s=%61bc", "s=\"%61%62%63\" ; x=y",
            " \ts=abc", "s=; s=abc",
        ])
    func cookies(line: String) {
        #expect(KeyReadings.cookie("s", in: fields(("Cookie", line))) == ["abc"])
    }

    @Test("of cookies that stand twice each counts, and names are taken as they are")
    func cookiesTwice() {
        #expect(
            KeyReadings.cookie("s", in: fields(("Cookie", "s=1; s=2"), ("Cookie", "s=3"))) == ["1", "2", "3"])
        #expect(KeyReadings.cookie("s", in: fields(("Cookie", "S=1; xs=2; s =3; s"))) == [])
        #expect(KeyReadings.cookie("s", in: fields(("Cookie", "s=%zz; s=%"))) == ["%zz", "%"])
    }
}
