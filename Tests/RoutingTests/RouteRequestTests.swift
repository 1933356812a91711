import Testing

@testable import Routing

@Suite("What a route looks at")
struct RouteRequestTests {
    @Test("a field matches one of its values as it is, or any")
    func fields() {
        let blue = FieldMatch(name: "X-Tenant", value: "blue")
        #expect(blue.name == "x-tenant")
        #expect(blue.accepts(["blue"]) && blue.accepts(["red", "blue"]))
        #expect(!blue.accepts([]) && !blue.accepts(["Blue"]) && !blue.accepts(["blue, red"]))
        let any = FieldMatch(name: "x", value: "*")
        #expect(any.accepts([""]) && any.accepts(["x"]) && !any.accepts([]))
    }

    @Test("asked again as an upgrade, all else is the same")
    func asUpgrade() {
        let plain = RouteRequest(
            host: "a.example", path: "/p", isUpgrade: false, subprotocols: ["s"], values: { [$0] })
        #expect(!plain.with(path: "/q").isUpgrade && plain.with(path: "/q").path == "/q")
        let upgrade = plain.asUpgrade
        #expect(upgrade.isUpgrade && upgrade.host == "a.example" && upgrade.path == "/p")
        #expect(upgrade.subprotocols == ["s"] && upgrade.values("x") == ["x"])
    }
}
