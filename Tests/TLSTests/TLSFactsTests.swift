import TLS
import Testing

@Suite("What two sides agreed on")
struct TLSFactsTests {
    @Test("is the same on both, whoever has the records", arguments: [true, false])
    func agreed(ownsRecords: Bool) throws {
        let certificate = try Certificate.selfSigned()
        let server = try ServerTLSContext(
            certificates: [certificate], minimumVersion: .tls13, protocols: ["h2", "http/1.1"])
        let client = try ClientTLSContext(
            serverName: "localhost", authorityPEM: Array(certificate.pem.utf8), protocols: ["http/1.1"])
        let pair = try TLSPair(server, client, ownsRecords: ownsRecords)
        try pair.shakeHands()
        for side in [pair.server, pair.client] {
            #expect(side.facts.version == "TLSv1.3")
            #expect(side.facts.serverName == "localhost")
            #expect(side.facts.applicationProtocol == "http/1.1")
            #expect(!side.facts.isResumed)
            #expect(side.applicationProtocol == side.facts.applicationProtocol)
            #expect(side.summary == (side.facts.version, side.facts.isResumed))
        }
        #expect(pair.server.ownsRecords == ownsRecords)
    }

    @Test("before a handshake there is no protocol")
    func nothingYet() throws {
        let (server, client) = try TLSPair.contexts()
        let pair = try TLSPair(server, client)
        #expect(pair.server.applicationProtocol == nil)
        #expect(pair.server.facts.serverName == nil)
    }
}
