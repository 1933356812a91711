import Access
import Configuration
import Testing

struct AccessConfigurationTests {
    private func loaded(_ access: String, more: String = "") -> (access: AccessConfiguration?, said: [String])
    {
        let loaded = load(
            """
            listeners: [{ address: "127.0.0.1:8080" }]
            routes: [{ name: app, upstream: app, access: { \(access) }\(more) }]
            upstreams: { app: { backends: [{ address: "127.0.0.1:9001" }] } }
            """)
        return (loaded.0?.routes.first?.access, loaded.1)
    }

    private func load(_ text: String) -> (ProxyConfiguration?, [String]) {
        do throws(Diagnostics) {
            let loaded = try ConfigurationLoader.load(text, file: "f", environment: [:])
            return (loaded.configuration, loaded.diagnostics.map(\.description))
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("addresses in the order in which they are written, passwords, and somebody else")
    func values() {
        let (access, said) = loaded(
            "deny: [10.1.0.0/16], allow: [10.0.0.0/8, unix], basic: { users: u }, forward: { upstream: app, path: \"/v?a=b\", pass: [X-User], recheck: 5m, on_failure: allow, revoked_code: 4403 }"
        )
        #expect(said == [])
        #expect(access?.addresses.allows("10.2.0.1") == true && access?.addresses.allows("unix:") == true)
        #expect(access?.addresses.allows("10.1.0.1") == false && access?.addresses.allows("1.1.1.1") == false)
        #expect(access?.basic?.users.value == "u" && access?.tokens == nil)
        #expect(access?.forward?.path == "/v?a=b" && access?.forward?.recheck == .seconds(300))
        #expect(access?.forward?.allowsOnFailure == true && access?.forward?.revokedCode == 4403)
        #expect(access?.forward?.method == nil && access?.forward?.pass == ["X-User"])
    }

    @Test(
        "complaints",
        arguments: [
            ("allow: []", "is empty: nobody could come in"), ("allow: [x]", "'x' is none of 'allow'"),
            ("basic: {}", "missing required key 'users'"), ("forward: {}", "missing required key 'upstream'"),
            ("forward: { upstream: ap }", "upstream 'ap' is not defined, did you mean 'app'?"),
            ("forward: { upstream: app, path: v }", "is no path as requests have it"),
            ("forward: { upstream: app, pass: [Connection] }", "can't be changed"),
            ("forward: { upstream: app, revoked_code: 1006 }", "is no valid 'revoked_code'"),
            ("alow: [10.0.0.1]", "unknown key 'alow'"),
            (
                "basic: { users: u }, jwt: { keys: k, algorithms: [ES256] }",
                "both go by the field Authorization"
            ),
        ])
    func complains(text: String, words: String) {
        let said = loaded(text).said
        #expect(said.contains { $0.contains(words) }, "\(said)")
    }
}
