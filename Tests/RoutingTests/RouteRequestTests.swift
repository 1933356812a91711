import Testing

@testable import Routing

@Suite("What a route looks at")
struct RouteRequestTests {
    @Test("a field matches one of its values as it is, or any")
    func fields() {
        let blue = FieldMatch(name: "X-Tenant", value: "blue")
        #expect(blue.name == "x-tenant")
        func accepts(_ match: FieldMatch, _ values: String...) -> Bool {
            match.accepts(values.map { Array($0.utf8) })
        }
        #expect(accepts(blue, "blue") && accepts(blue, "red", "blue"))
        #expect(!accepts(blue) && !accepts(blue, "Blue") && !accepts(blue, "blue, red"))
        // Two spellings of one character are two values, and what is no text equals only itself.
        #expect(!accepts(FieldMatch(name: "x", value: "\u{e9}"), "e\u{301}"))
        #expect(!FieldMatch(name: "x", value: "\u{fffd}").accepts([[0xff]]))
        let any = FieldMatch(name: "x", value: "*")
        #expect(accepts(any, "") && accepts(any, "x") && !accepts(any))
    }

    @Test("asked again as an upgrade, all else is the same")
    func asUpgrade() {
        let plain = RouteRequest(
            host: "a.example", path: "/p", isUpgrade: false, subprotocols: ["s"], values: { [Array($0.utf8)] }
        )
        #expect(!plain.with(path: "/q").isUpgrade && plain.with(path: "/q").path == "/q")
        let upgrade = plain.asUpgrade
        #expect(upgrade.isUpgrade && upgrade.host == "a.example" && upgrade.path == "/p")
        #expect(upgrade.subprotocols == ["s"] && upgrade.values("x") == [[120]])
    }
}
