import Access
import Configuration
import Testing

struct TokenSourcesKeysTests {
    private func loaded(_ text: String) -> (sources: TokenSources?, said: [String]) {
        do throws(Diagnostics) {
            let loaded = try ConfigurationLoader.load(
                """
                listeners: [{ address: "127.0.0.1:8080" }]
                routes: [{ name: app, respond: { status: 200 }, upgrade_token: { \(text) } }]
                """, file: "f", environment: [:])
            return (loaded.configuration.routes.first?.tokenSources, loaded.diagnostics.map(\.description))
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("places in their order, and the field")
    func values() {
        let (sources, said) = loaded("from: [subprotocol: 'bearer.', query: t, cookie: s], to: X-Token")
        #expect(said == [])
        #expect(
            sources
                == TokenSources(
                    [.subprotocol(prefix: "bearer."), .query("t"), .cookie("s")], field: "X-Token"))
        #expect(loaded("from: [query: t]").sources?.isAuthorization == true)
    }

    @Test(
        "complaints",
        arguments: [
            ("to: X", "'from'"), ("from: []", "is empty"),
            ("from: [header: x]", "is no place for a token"),
            ("from: [x]", "must be one of subprotocol"),
            ("from: [query: a], to: Upgrade", "can't be changed"),
        ])
    func complains(text: String, words: String) {
        let said = loaded(text).said
        #expect(said.contains { $0.contains(words) }, "\(said)")
    }
}
