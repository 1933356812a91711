import Configuration
import Testing

@Suite("TLS of a listener")
struct ListenerTLSDecoderTests {
    private static func load(_ tls: String) -> (ListenerConfiguration?, [String]) {
        let text = """
            listeners:
              - address: 127.0.0.1:8443
                tls: { certificates: [{ certificate: c.pem, key: k.pem }]\(tls.isEmpty ? "" : ", " + tls) }
            routes: [{ name: all, respond: { status: 200 } }]
            """
        do {
            let loaded = try ConfigurationLoader.load(text, file: "proxy.conf", environment: [:])
            return (loaded.configuration.listeners.first, loaded.diagnostics.map(\.description))
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("defaults: tickets change twice a day, nobody is asked for a certificate")
    func defaults() {
        let (listener, complaints) = Self.load("")
        #expect(complaints.isEmpty)
        #expect(listener?.rotatesTickets == 43_200_000_000_000 && listener?.clientCertificates == nil)
        #expect(listener?.certificates?.first?.staple == .beside)
        #expect(Self.load("tickets: { rotate: off }").0?.rotatesTickets == 0)
    }

    @Test("clients' certificates")
    func clients() {
        let (listener, complaints) = Self.load("client_certificates: { ca: ca.pem, mode: request }")
        #expect(complaints.isEmpty && listener?.clientCertificates?.isRequired == false)
        #expect(Self.load("client_certificates: { ca: ca.pem }").0?.clientCertificates?.isRequired == true)
    }

    @Test(arguments: [
        (
            "client_certificates: { mode: require }",
            "missing required key 'ca' in 'client_certificates' of a listener"
        ),
        (
            "client_certificates: { ca: c.pem, mode: maybe }",
            "'maybe' is no valid 'mode' in 'client_certificates' of a listener, expected require or request"
        ),
        ("client_certificates: { ca: c.pem, crl: x }", "unknown key 'crl'"),
    ])
    func complains(tls: String, wanted: String) {
        let complaints = Self.load(tls).1
        #expect(complaints.count == 1 && complaints[0].contains(wanted), "\(complaints)")
    }
}
