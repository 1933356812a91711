import TLS
import Testing

/// Collects what is decrypted.
private final class Plaintext: PlaintextReceiver {
    var bytes: [UInt8] = []

    func plaintextReceived(_ span: inout MutableSpan<UInt8>) -> Bool {
        for index in span.indices { bytes.append(span[index]) }
        return true
    }
}

/// Two sessions of one thread that talk through memory.
private final class TLSPair {
    let wire: TLSWire
    let client: TLSSession
    let server: TLSSession

    init(_ server: ServerTLSContext, _ client: ClientTLSContext) throws {
        wire = try TLSWire()
        self.server = try TLSSession(server: server, wire: wire)
        self.client = try TLSSession(client: client, wire: wire)
    }

    func output() -> [UInt8] {
        var bytes: [UInt8] = []
        wire.takeOutput { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }

    /// Steps both sides until both are established; `chunk` bytes at a time.
    func shakeHands(chunk: Int = .max) throws {
        var toServer = try step(client, [])
        while !client.isEstablished || !server.isEstablished {
            let toClient = try feed(server, toServer, chunk)
            toServer = try feed(client, toClient, chunk)
            if toServer.isEmpty && toClient.isEmpty { break }
        }
    }

    private func feed(_ session: TLSSession, _ bytes: [UInt8], _ chunk: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            output += try step(session, Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        return output
    }

    func step(_ session: TLSSession, _ bytes: [UInt8]) throws -> [UInt8] {
        try session.withInput(bytes.span) { () throws(TLSError) in
            if !session.isEstablished { _ = try session.handshake() }
            if session.isEstablished { _ = try session.read(into: Plaintext()) }
        }
        return output()
    }

    /// Plaintext that comes out at the other end.
    func carry(_ bytes: [UInt8], from: TLSSession, to: TLSSession, chunk: Int = .max) throws -> [UInt8] {
        try from.write(bytes.span)
        let plain = Plaintext()
        var rest = output()[...]
        while !rest.isEmpty {
            try to.withInput(Array(rest.prefix(chunk)).span) { () throws(TLSError) in
                _ = try to.read(into: plain)
            }
            rest = rest.dropFirst(chunk)
        }
        return plain.bytes
    }
}

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

    @Test("a client without a common protocol is told by an alert")
    func noCommonProtocol() throws {
        let certificate = try Certificate.selfSigned()
        let server = try ServerTLSContext(certificates: [certificate], protocols: ["http/1.1"])
        let client = try ClientTLSContext(
            serverName: "localhost", authorityPEM: Array(certificate.pem.utf8), protocols: ["smtp"])
        #expect(throws: TLSError.self) { try TLSPair(server, client).shakeHands() }
    }

    @Test("close_notify arrives as an end")
    func closeNotify() throws {
        let (server, client) = try contexts()
        let pair = try TLSPair(server, client)
        try pair.shakeHands()
        pair.client.sendCloseNotify()
        let bytes = pair.output()
        var end: OnRead?
        try pair.server.withInput(bytes.span) { () throws(TLSError) in
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
            try pair.server.withInput(bytes.span) { () throws(TLSError) in
                _ = try pair.server.read(into: Plaintext())
            }
        }
    }
}
