import TLS
import Testing

@Suite("TLS-ALPN-01")
struct ALPNChallengesTests {
    private let challenges = ALPNChallenges()
    private let own: Certificate
    private let proof: Certificate
    private let server: ServerTLSContext

    init() throws {
        own = try Certificate.selfSigned(names: "DNS:a.example")
        proof = try Certificate.selfSigned(names: "DNS:a.example")
        server = try ServerTLSContext(
            certificates: [own, try Certificate.selfSigned(names: "DNS:b.example")],
            protocols: ["h2", "http/1.1"], tickets: try TicketKeys(), challenges: challenges)
    }

    /// A handshake that trusts one certificate and offers protocols.
    private func shake(_ name: String, _ trusted: Certificate, _ protocols: [String]) throws -> TLSPair {
        let client = try ClientTLSContext(
            serverName: name, authorityPEM: Array(trusted.pem.utf8), protocols: protocols)
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        return pair
    }

    private func present(_ name: String) throws {
        try challenges.present(name, proof)
    }

    @Test("who offers acme-tls/1 alone is shown the proof, everybody else the usual certificate")
    func proofs() throws {
        try present("a.example")
        let asked = try shake("a.example", proof, [ALPNChallenges.protocolName])
        #expect(
            asked.server.applicationProtocol == "acme-tls/1"
                && asked.client.applicationProtocol == "acme-tls/1")
        #expect(try shake("A.example", proof, ["acme-tls/1"]).server.applicationProtocol == "acme-tls/1")
        #expect(try shake("a.example", own, ["http/1.1"]).server.applicationProtocol == "http/1.1")
        #expect(
            try shake("a.example", own, ["http/1.1", "acme-tls/1"]).server.applicationProtocol == "http/1.1")
    }

    @Test("names without a proof, and proofs that were taken back, get an alert")
    func none() throws {
        #expect(throws: TLSError.self) { try shake("a.example", own, ["acme-tls/1"]) }
        try present("a.example")
        #expect(throws: TLSError.self) { try shake("b.example", own, ["acme-tls/1"]) }
        challenges.keep(only: [])
        #expect(throws: TLSError.self) { try shake("a.example", proof, ["acme-tls/1"]) }
    }
}
