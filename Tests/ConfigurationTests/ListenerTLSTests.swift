import Configuration
import Testing

@Suite("TLS of a listener")
struct ListenerTLSTests {
    private static func load(_ tls: String) -> Loaded {
        ConfigurationTests.load(
            listener: ", tls: { certificates: [{ certificate: c.pem, key: k.pem }]\(tls) }")
    }

    @Test("defaults: tickets change twice a day, nobody is asked for a certificate")
    func defaults() {
        let loaded = Self.load("")
        let tls = loaded.value?.listeners.first?.tls
        #expect(loaded.said == [])
        #expect(
            tls?.rotatesTickets == .seconds(43200) && tls?.clients == nil && tls?.requiresTLS13 == false)
        #expect(tls?.certificates.first?.staple == .beside)
        #expect(Self.load(", tickets: { rotate: off }").value?.listeners.first?.tls?.rotatesTickets == .zero)
    }

    @Test("clients' certificates")
    func clients() {
        for (mode, isRequired) in [("", true), (", mode: require", true), (", mode: request", false)] {
            let loaded = Self.load(", client_certificates: { ca: ca.pem\(mode) }")
            #expect(loaded.said == [])
            #expect(loaded.value?.listeners.first?.tls?.clients?.isRequired == isRequired)
        }
    }

    @Test("and lists of those that are revoked")
    func revocations() {
        let loaded = Self.load(", client_certificates: { ca: ca.pem, crl: crl.pem }")
        #expect(loaded.said == [])
        #expect(loaded.value?.listeners.first?.tls?.clients?.revocations?.value == "crl.pem")
    }

    @Test(arguments: [
        (
            ", client_certificates: { mode: require }",
            "missing required key 'ca' in 'client_certificates' of a listener"
        ),
        (
            ", client_certificates: { ca: c.pem, mode: maybe }",
            "'maybe' is no valid 'mode' in 'client_certificates' of a listener, expected require or request"
        ),
        (
            ", client_certificates: { ca: c.pem, crls: x }",
            "unknown key 'crls' in 'client_certificates' of a listener, did you mean 'crl'?"
        ),
    ])
    func complains(tls: String, wanted: String) {
        let complaints = Self.load(tls).said
        #expect(complaints.count == 1 && complaints[0].contains(wanted), "\(complaints)")
    }
}
