import TLS
import Testing

@Suite("TLS of a listener")
struct ServerTLSContextTests {
    @Test("SNI chooses the certificate, wildcards included; an unknown name gets the first")
    func serverName() throws {
        let first = try Certificate.selfSigned(names: "DNS:first.example")
        let second = try Certificate.selfSigned(names: "DNS:*.second.example")
        let server = try ServerTLSContext(certificates: [first, second])
        for (name, certificate) in [("first.example", first), ("a.second.example", second)] {
            let client = try ClientTLSContext(serverName: name, authorityPEM: Array(certificate.pem.utf8))
            let pair = try TLSPair(server, client)
            try pair.shakeHands()
            #expect(pair.client.isEstablished)
        }
        let stranger = try ClientTLSContext(serverName: "third.example", authorityPEM: Array(first.pem.utf8))
        #expect(throws: TLSError.certificateRejected("hostname mismatch")) {
            try TLSPair(server, stranger).shakeHands()
        }
    }

    @Test("SNI is compared as hosts are")
    func spelling() throws {
        let first = try Certificate.selfSigned(names: "DNS:first.example")
        let second = try Certificate.selfSigned(names: "DNS:second.example")
        let server = try ServerTLSContext(certificates: [first, second]) {
            $0 == "odd" ? "second.example" : $0
        }
        let client = try ClientTLSContext(serverName: "odd", authorityPEM: Array(second.pem.utf8))
        #expect(throws: TLSError.certificateRejected("hostname mismatch")) {
            try TLSPair(server, client).shakeHands()
        }
        let other = try ClientTLSContext(serverName: "odd", authorityPEM: Array(first.pem.utf8))
        #expect(throws: TLSError.self) { try TLSPair(server, other).shakeHands() }
    }

    @Test("a client without a common protocol is told by an alert")
    func noCommonProtocol() throws {
        let certificate = try Certificate.selfSigned()
        let server = try ServerTLSContext(certificates: [certificate], protocols: ["http/1.1"])
        let client = try ClientTLSContext(
            serverName: "localhost", authorityPEM: Array(certificate.pem.utf8), protocols: ["smtp"])
        #expect(throws: TLSError.self) { try TLSPair(server, client).shakeHands() }
    }

    @Test("without a certificate there is nothing to serve")
    func noCertificate() {
        #expect(throws: TLSError.setup("a TLS listener needs a certificate")) {
            try ServerTLSContext(certificates: [])
        }
    }

    @Test("the server's order of protocols decides (RFC 7301, 3.2)")
    func protocolOrder() throws {
        let certificate = try Certificate.selfSigned()
        for order in [["h2", "http/1.1"], ["http/1.1", "h2"]] {
            let client = try ClientTLSContext(
                serverName: "localhost", authorityPEM: nil, verifies: false, protocols: ["http/1.1", "h2"])
            let pair = try TLSPair(
                try ServerTLSContext(certificates: [certificate], protocols: order), client)
            try pair.shakeHands()
            #expect(pair.server.facts.applicationProtocol == order[0])
        }
    }
}
