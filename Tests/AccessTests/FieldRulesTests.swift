import Access
import HTTPProtocol
import Testing

struct FieldRulesTests {
    private func applied(_ rules: FieldRules, _ before: [(String, String)], shared: [String]? = nil)
        -> [String]
    {
        var fields = HeaderFields()
        for (name, value) in before { fields.append(name, value) }
        var edits = FieldEdits()
        rules.write(into: &edits) { $0 == .claim("sub") ? "ada" : $0 == .clientIP ? "10.0.0.1" : nil }
        edits.apply(to: &fields, shared: shared)
        return fields.list.map { "\($0.name): \($0.value)" }
    }

    @Test("fields are removed, replaced and added to")
    func changes() {
        var rules = FieldRules()
        rules.remove = ["Cookie"]
        rules.set = [.init("X-Tenant", FieldTemplate("blue"))]
        rules.add = [.init("Via", FieldTemplate([.text("1.1 "), .variable(.clientIP)]))]
        #expect(
            applied(
                rules,
                [("cookie", "a"), ("X_TENANT", "evil"), ("x-tenant", "evil"), ("Via", "0"), ("A", "b")])
                == ["Via: 0", "A: b", "X-Tenant: blue", "Via: 1.1 10.0.0.1"])
        #expect(!rules.isEmpty && FieldRules().isEmpty)
    }

    @Test("what comes to nothing is not sent, and no more what the client said")
    func nothing() {
        var rules = FieldRules()
        rules.set = [.init("X-User", FieldTemplate([.variable(.claim("none"))]))]
        #expect(applied(rules, [("X-User", "evil")]) == [])
    }

    @Test("what many share has nothing of one of them, but for what they have in common")
    func shared() {
        var rules = FieldRules()
        rules.set = [
            .init("X-User", FieldTemplate([.variable(.claim("sub"))])),
            .init("X-Tenant", FieldTemplate("blue")),
        ]
        #expect(applied(rules, [], shared: []) == ["X-Tenant: blue"])
        #expect(applied(rules, [], shared: ["x-user"]) == ["X-User: ada", "X-Tenant: blue"])
    }

    @Test("fields of one connection can't be changed")
    func fixed() {
        for name in [
            "Connection", "upgrade", "Content-Length", "Sec-WebSocket-Key", "TE", "transfer-encoding",
        ] {
            #expect(FieldRules.isFixed(name))
        }
        #expect(!FieldRules.isFixed("Host") && !FieldRules.isFixed("X-Connection"))
    }
}
