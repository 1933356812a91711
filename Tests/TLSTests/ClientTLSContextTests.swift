import TLS
import Testing

@Suite("TLS towards backends")
struct ClientTLSContextTests {
    private func shakeHands(_ certificate: Certificate, _ client: ClientTLSContext) throws -> TLSPair {
        let pair = try TLSPair(try ServerTLSContext(certificates: [certificate]), client)
        try pair.shakeHands()
        return pair
    }

    @Test("an address is checked as an address and never sent as SNI", arguments: ["127.0.0.1", "::1"])
    func addresses(address: String) throws {
        let certificate = try Certificate.selfSigned()
        let pem = Array(certificate.pem.utf8)
        let pair = try shakeHands(certificate, try ClientTLSContext(serverName: address, authorityPEM: pem))
        #expect(pair.client.isEstablished && pair.server.facts.serverName == nil)
        let named = try Certificate.selfSigned(names: "DNS:\(address == "::1" ? "x" : address)")
        #expect(throws: TLSError.self) {
            try shakeHands(
                named, try ClientTLSContext(serverName: address, authorityPEM: Array(named.pem.utf8)))
        }
    }

    @Test("an authority may stand among other text; text that has none is an error")
    func authorities() throws {
        let certificate = try Certificate.selfSigned()
        let pem = Array(("# Ours, since 2026\n" + certificate.pem + "\n# The end\n").utf8)
        let client = try ClientTLSContext(serverName: "localhost", authorityPEM: pem)
        #expect(try shakeHands(certificate, client).client.isEstablished)
        #expect(throws: TLSError.setup("no certificate in PEM form found")) {
            try ClientTLSContext(serverName: "localhost", authorityPEM: Array("nonsense".utf8))
        }
    }

    @Test("what is offered by ALPN is what the server may choose from")
    func protocols() throws {
        let certificate = try Certificate.selfSigned()
        let client = try ClientTLSContext(
            serverName: "localhost", authorityPEM: nil, verifies: false, protocols: ["h2", "http/1.1"])
        let pair = try TLSPair(try ServerTLSContext(certificates: [certificate], protocols: ["h2"]), client)
        try pair.shakeHands()
        #expect(pair.client.facts.applicationProtocol == "h2")
    }

    @Test("contexts towards backends are the same when they were made of the same")
    func sameContexts() throws {
        let pem = Array(try Certificate.selfSigned(names: "DNS:a.example").pem.utf8)
        let other = Array(try Certificate.selfSigned(names: "DNS:a.example").pem.utf8)
        let context = try ClientTLSContext(serverName: "a.example", authorityPEM: pem)
        #expect(context.isSame(as: try ClientTLSContext(serverName: "a.example", authorityPEM: pem)))
        #expect(!context.isSame(as: try ClientTLSContext(serverName: "b.example", authorityPEM: pem)))
        #expect(!context.isSame(as: try ClientTLSContext(serverName: "a.example", authorityPEM: other)))
        #expect(!context.isSame(as: try ClientTLSContext(serverName: "a.example", authorityPEM: nil)))
        #expect(
            !context.isSame(
                as: try ClientTLSContext(serverName: "a.example", authorityPEM: pem, verifies: false)))
    }
}
