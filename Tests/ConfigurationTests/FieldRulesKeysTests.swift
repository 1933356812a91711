import Access
import Configuration
import HTTPProtocol
import Testing

struct FieldRulesKeysTests {
    private func loaded(_ request: String) -> (rules: FieldRules?, said: [String]) {
        do throws(Diagnostics) {
            let loaded = try ConfigurationLoader.load(
                """
                listeners: [{ address: "127.0.0.1:8080" }]
                routes: [{ name: app, respond: { status: 200 }, headers: { request: { \(request) } } }]
                """, file: "f", environment: ["COLOUR": "blue"])
            return (loaded.configuration.routes.first?.requestFields, loaded.diagnostics.map(\.description))
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("variables of requests stay, those of the environment are put in")
    func variables() {
        let (rules, said) = loaded("set: { X: 'a ${client_ip} ${COLOUR} ${claim.sub}' }, remove: [Cookie]")
        #expect(said == [])
        #expect(
            rules?.set.first?.value.parts == [
                .text("a "), .variable(.clientIP), .text(" blue "), .variable(.claim("sub")),
            ])
        #expect(rules?.remove == ["Cookie"] && rules?.add == [])
    }

    @Test(
        "complaints",
        arguments: [
            ("set: { X: '${clientip}' }", "variables of requests are client_ip"),
            ("set: { Upgrade: x }", "can't be changed"), ("remove: ['a b']", "is no name of a header field"),
            ("remove: [host]", "'Host': it can be set"), ("add: { HOST: x }", "'Host': it can be set"),
            ("sett: {}", "unknown key 'sett'"), ("set: { X: [1] }", "must be a single value"),
        ])
    func complains(text: String, words: String) {
        let said = loaded(text).said
        #expect(said.contains { $0.contains(words) }, "\(said)")
    }
}
