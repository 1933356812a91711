import Access
import Configuration
import Testing

struct TokenConfigurationTests {
    private func loaded(_ jwt: String) -> (tokens: TokenConfiguration?, said: [String]) {
        do throws(Diagnostics) {
            let loaded = try ConfigurationLoader.load(
                """
                listeners: [{ address: "127.0.0.1:8080" }]
                routes: [{ name: app, upstream: app, access: { jwt: { \(jwt) } } }]
                upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }] } }
                """, file: "f", environment: [:])
            return (
                loaded.configuration.routes.first?.access?.tokens, loaded.diagnostics.map(\.description)
            )
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("all keys, and their defaults")
    func values() {
        let (tokens, said) = loaded(
            "keys: k, algorithms: [ES256, HS256], issuer: i, audience: [a, b], leeway: 30s, require: { scope: chat, t: [x, y] }, pass: { X-User: sub }, on_expiry: warn, renew: { prefix: 'token:' }, anonymous: true"
        )
        #expect(said == [])
        #expect(tokens?.rules.algorithms == [.es256, .hs256] && tokens?.rules.issuer == "i")
        #expect(tokens?.rules.audiences == ["a", "b"] && tokens?.rules.leeway == .seconds(30))
        #expect(tokens?.rules.required == [.init("scope", ["chat"]), .init("t", ["x", "y"])])
        #expect(tokens?.pass.map(\.claim) == ["sub"] && tokens?.allowsAnonymous == true)
        #expect(tokens?.expiryWarning == .seconds(60) && tokens?.renewalPrefix == "token:")
        let plain = loaded("keys: { upstream: app, refresh: 1m }, algorithms: [ES256]").tokens
        #expect(plain?.expiryCode == 4401 && plain?.expiryWarning == .zero && plain?.rules.leeway == .zero)
        guard case .upstream(let source)? = plain?.keys else { Issue.record("no upstream"); return }
        #expect(source.name == "app" && source.refresh == .seconds(60))
        #expect(source.path == "/.well-known/jwks.json")
    }

    @Test(
        "complaints",
        arguments: [
            ("algorithms: [ES256]", "missing required key 'keys'"),
            ("keys: k", "missing required key 'algorithms'"),
            ("keys: k, algorithms: [none]", "it would let in whoever asks"),
            ("keys: k, algorithms: [es256]", "did you mean 'ES256'?"),
            ("keys: { upstream: app }, algorithms: [HS256]", "need 'keys' from a file"),
            ("keys: { upstream: ap }, algorithms: [ES256]", "did you mean 'app'?"),
            ("keys: { upstream: app, refresh: 0 }, algorithms: [ES256]", "'refresh'"),
            ("keys: k, algorithms: [ES256], on_expiry: maybe", "on_expiry"),
            ("keys: k, algorithms: [ES256], pass: { 'X User': sub }", "is no name of a header field"),
            ("keys: k, algorithms: [ES256], audience: []", "'audience' in 'jwt' is empty"),
            ("keys: k, algorithms: [ES256], expiry_code: 99", "'expiry_code'"),
        ])
    func complains(text: String, words: String) {
        let said = loaded(text).said
        #expect(said.contains { $0.contains(words) }, "\(said)")
    }
}
