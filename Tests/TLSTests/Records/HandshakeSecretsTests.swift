import TLS
import Testing

@Suite("The secrets of a handshake")
struct HandshakeSecretsTests {
    @Test("are those that the other side has: what each seals the other opens")
    func bothDirections() throws {
        let server = try ServerTLSContext(certificates: [try Certificate.selfSigned()])
        let client = try ClientTLSContext(serverName: "localhost", authorityPEM: nil, verifies: false)
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        #expect(pair.server.ownsRecords)
        let text = Array("through records of ours".utf8)
        #expect(try pair.carry(text, from: pair.client, to: pair.server) == text)
        #expect(try pair.carry(text, from: pair.server, to: pair.client) == text)
    }

    @Test("none told is none complete")
    func none() { #expect(!HandshakeSecrets().isComplete) }

    @Test(
        "are told as lines to whoever logs keys, for contexts that tell them, and records are ours all the same"
    )
    func lines() throws {
        let server = try ServerTLSContext(certificates: [try Certificate.selfSigned()], tellsSecrets: true)
        let client = try ClientTLSContext(serverName: "localhost", authorityPEM: nil, verifies: false)
        var labels: [String] = []
        let wire = try TLSWire()
        wire.onSecret = { line in
            let bytes = (0..<line.count).map { line[$0] }
            labels.append(String(decoding: bytes.prefix { $0 != 32 }, as: UTF8.self))
        }
        let pair = try TLSPair(server, client, wire: wire)
        try pair.shakeHands()
        #expect(labels.contains("CLIENT_TRAFFIC_SECRET_0") && labels.contains("SERVER_TRAFFIC_SECRET_0"))
        #expect(pair.server.ownsRecords)
    }
}
