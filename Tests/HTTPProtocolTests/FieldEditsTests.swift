import HTTPProtocol
import Testing

struct FieldEditsTests {
    private func apply(_ edits: FieldEdits, _ before: [(String, String)], shared: [String]? = nil) -> [String]
    {
        var fields = HeaderFields()
        for (name, value) in before { fields.append(name, value) }
        edits.apply(to: &fields, shared: shared)
        return fields.list.map { "\($0.name): \($0.value)" }
    }

    @Test("all spellings of a name are removed, and a value can't forge a line")
    func spellings() {
        var edits = FieldEdits()
        #expect(edits.isEmpty)
        edits.set("X-User", "a\r\nX-Admin: 1", isPersonal: true)
        #expect(
            apply(edits, [("x_user", "e"), ("X-USER", "e"), ("x.user", "e")]) == ["X-User: a  X-Admin: 1"])
        #expect(apply(edits, [], shared: []) == [])
    }

    @Test("the last value that is set stands alone; what is added stands beside it")
    func twice() {
        var edits = FieldEdits()
        edits.set("A", "1", isPersonal: false)
        edits.set("a", "2", isPersonal: false)
        edits.add("A", "3", isPersonal: false)
        edits.add("B", "", isPersonal: false)
        #expect(apply(edits, []) == ["a: 2", "A: 3"])
    }

    @Test("changes come after what Connection takes out, and after what is said of the client")
    func afterForwarding() throws {
        var head = RequestHead(method: "GET", target: .root, fields: HeaderFields())
        head.fields.append("Connection", "X-User")
        head.fields.append("X-User", "evil")
        var forwarding = Forwarding(
            KnownClient(judging: &head, from: "10.0.0.1", trusting: TrustedProxies(), underscores: .drop),
            over: .init(isSecure: false), requestID: "r")
        var edits = FieldEdits()
        edits.set("X-User", "ada", isPersonal: true)
        edits.remove("X-Forwarded-For")
        forwarding.edits = edits
        let sent = head.forwarded(target: .root, forwarding: forwarding, framing: .none, fallbackHost: "b")
        #expect(sent.fields.all("x-user") == ["ada"])
        #expect(!sent.fields.contains("x-forwarded-for"))
    }
}
