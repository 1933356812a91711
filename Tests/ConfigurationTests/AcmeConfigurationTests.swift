import Configuration
import Testing

@Suite("Certificates that are got")
struct AcmeConfigurationTests {
    private static func load(_ acme: String, tls: String = "acme: [chat.example.com]") -> Loaded {
        ConfigurationTests.load(listener: ", tls: { \(tls) }", rest: acme)
    }

    @Test("defaults, and one name")
    func defaults() {
        let loaded = Self.load("acme: {}")
        let acme = loaded.value?.acme
        #expect(loaded.said == [])
        #expect(acme?.directory == "https://acme-v02.api.letsencrypt.org/directory")
        #expect(acme?.storage == nil && acme?.key == .p256 && acme?.email == nil)
        #expect(acme?.challenges == [.tlsALPN, .http])
        #expect(acme?.renewBefore == .seconds(30 * 86_400))
        #expect(acme?.externalAccount == nil && acme?.authority == nil && acme?.hook == nil)
        #expect(loaded.value?.issuedNames == ["chat.example.com"])
        #expect(loaded.value?.listeners.first?.tls?.certificates == [])
        #expect(ConfigurationTests.load().value?.acme == nil)
    }

    @Test("every key")
    func everything() {
        let loaded = Self.load(
            """
            acme:
              directory: https://ca.internal/dir
              email: ops@example.com
              storage: /var/lib/acme
              key: rsa2048
              challenges: [http-01, { dns-01: { exec: ./dns-hook } }]
              renew_before: 10d
              external_account: { id: kid, key_file: eab.key }
              ca: root.pem
            watch: true
            """)
        let acme = loaded.value?.acme
        #expect(loaded.said == [])
        #expect(acme?.directory == "https://ca.internal/dir" && acme?.email == "ops@example.com")
        #expect(acme?.storage?.value == "/var/lib/acme" && acme?.key == .rsa2048)
        #expect(acme?.challenges.first == .http && acme?.hook?.value == "./dns-hook")
        #expect(acme?.renewBefore == .seconds(10 * 86_400))
        #expect(acme?.externalAccount?.id == "kid" && acme?.externalAccount?.keyFile.value == "eab.key")
        #expect(acme?.authority?.value == "root.pem")
        #expect(loaded.value?.watchesItself == true)
    }

    @Test(
        "what can't be is complained of",
        arguments: [
            (
                "{ directory: ftp://x }",
                "'ftp://x' is no valid 'directory' in 'acme', expected the https URL of a directory"
            ),
            (
                "{ email: nobody }",
                "'nobody' is no valid 'email' in 'acme', expected an address such as ops@example.com"
            ),
            (
                "{ key: dsa }",
                "'dsa' is no valid 'key' in 'acme', expected p256, p384, rsa2048 or rsa4096"
            ),
            (
                "{ challenges: [] }",
                "'challenges' is empty, expected tls-alpn-01, http-01 or dns-01: { exec: PROGRAM }"
            ),
            (
                "{ challenges: [dns-01] }",
                "dns-01 needs a program that sets records: dns-01: { exec: ./dns-hook }"
            ),
            (
                "{ challenges: [http] }",
                "unknown challenge 'http', expected tls-alpn-01, http-01 or dns-01: { exec: PROGRAM }"
            ),
            (
                "{ external_account: { id: x } }",
                "missing required key 'key_file' in 'external_account' of 'acme'"
            ),
            ("{ emal: a@b }", "unknown key 'emal' in 'acme', did you mean 'email'?"),
        ])
    func complaints(_ acme: String, _ words: String) {
        #expect(Self.load("acme: \(acme)").words == [words])
    }
}
