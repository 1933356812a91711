import TLS
import Testing

@Suite("TLS sessions")
struct TLSSessionTests {
    private func contexts(
        _ minimum: TLSVersion = .tls12, name: String = "localhost"
    ) throws -> (ServerTLSContext, ClientTLSContext) {
        let certificate = try Certificate.selfSigned()
        let server = try ServerTLSContext(certificates: [certificate], minimumVersion: minimum)
        let client = try ClientTLSContext(serverName: name, authorityPEM: Array(certificate.pem.utf8))
        return (server, client)
    }

    @Test("agree on TLS 1.3 and http/1.1, and carry bytes both ways")
    func carriesBytes() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        #expect(pair.server.facts.version == "TLSv1.3")
        #expect(pair.server.facts.applicationProtocol == "http/1.1")
        #expect(pair.server.facts.serverName == "localhost")
        #expect(try pair.carry([1, 2, 3], from: pair.client, to: pair.server) == [1, 2, 3])
        #expect(try pair.carry([4], from: pair.server, to: pair.client) == [4])
    }

    @Test("a client gets its ticket together with the first data, and no other")
    func ticket() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        #expect(pair.output().isEmpty)
        var sizes: [Int] = []
        for _ in 0..<3 {
            try pair.server.write([1].span)
            let output = pair.output()
            sizes.append(output.count)
            #expect(try pair.step(pair.client, output).isEmpty)
        }
        // A ticket is an encrypted session and has some 200 bytes.
        #expect(sizes[0] > sizes[1] + 100)
        #expect(sizes[1] == sizes[2])
        #expect(try pair.carry([4], from: pair.client, to: pair.server) == [4])
    }

    @Test("work when every byte arrives alone")
    func everySplit() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands(chunk: 1)
        let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try pair.carry(bytes, from: pair.client, to: pair.server, chunk: 1) == bytes)
    }

    @Test("carry more than the scratch holds, in order")
    func large() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(try pair.carry(bytes, from: pair.client, to: pair.server) == bytes)
    }

    @Test("a certificate for another name is rejected with the reason")
    func wrongName() throws {
        let (server, client) = try contexts(name: "example.org")
        let pair = try TLSPair(server, client)
        #expect(throws: TLSError.certificateRejected("hostname mismatch")) { try pair.shakeHands() }
    }

    @Test("a certificate nobody vouches for is rejected, and accepted where verification is off")
    func unknownIssuer() throws {
        let (server, _) = try contexts()
        let stranger = try Certificate.selfSigned()
        let strict = try ClientTLSContext(serverName: "localhost", authorityPEM: Array(stranger.pem.utf8))
        #expect(throws: TLSError.self) { try TLSPair(server, strict).shakeHands() }
        let careless = try ClientTLSContext(serverName: "localhost", authorityPEM: nil, verifies: false)
        let pair = try TLSPair(server, careless)
        try pair.shakeHands()
        #expect(pair.server.isEstablished)
    }

    @Test("garbage and plain HTTP are told apart")
    func notTLS() throws {
        let (server, client) = try contexts()
        #expect(throws: TLSError.notTLS(looksLikeHTTP: true)) {
            let pair = try TLSPair(server, client)
            _ = try pair.step(pair.server, Array("GET / HTTP/1.1\r\n\r\n".utf8))
        }
        #expect(throws: TLSError.notTLS(looksLikeHTTP: false)) {
            let pair = try TLSPair(server, client)
            _ = try pair.step(pair.server, [UInt8](repeating: 0xAA, count: 64))
        }
    }

    @Test("close_notify arrives as an end")
    func closeNotify() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        pair.client.sendCloseNotify()
        var bytes = pair.output()
        var end: OnRead?
        var input = bytes.mutableSpan
        try pair.server.withInput(&input) { () throws(TLSError) in
            end = try pair.server.read(into: Plaintext())
        }
        #expect(end == .peerClosed)
    }

    @Test("a changed record is an error and gives no plaintext")
    func tampered() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        try pair.client.write([1, 2, 3].span)
        var bytes = pair.output()
        bytes[bytes.count - 1] ^= 1
        #expect(throws: TLSError.self) {
            var input = bytes.mutableSpan
            try pair.server.withInput(&input) { () throws(TLSError) in
                _ = try pair.server.read(into: Plaintext())
            }
        }
    }
}
