import TLS

/// Collects what is decrypted.
final class Plaintext: PlaintextReceiver {
    var bytes: [UInt8] = []

    func plaintextReceived(_ span: inout MutableSpan<UInt8>) -> Bool {
        for index in span.indices { bytes.append(span[index]) }
        return true
    }
}

/// Two sessions of one thread that talk through memory.
final class TLSPair {
    let wire: TLSWire
    let client: TLSSession
    let server: TLSSession

    init(
        _ server: ServerTLSContext, _ client: ClientTLSContext, ownsRecords: Bool = true, wire: TLSWire? = nil
    ) throws {
        self.wire = try wire ?? TLSWire(ownsRecords: ownsRecords)
        self.server = try TLSSession(server: server, wire: self.wire)
        self.client = try TLSSession(client: client, wire: self.wire)
    }

    /// Of a server with a certificate made for it, and of a client that trusts that.
    static func contexts() throws -> (ServerTLSContext, ClientTLSContext) {
        let certificate = try Certificate.selfSigned()
        return (
            try ServerTLSContext(certificates: [certificate], minimumVersion: .tls12),
            try ClientTLSContext(serverName: "localhost", authorityPEM: Array(certificate.pem.utf8))
        )
    }

    /// What is to be sent.
    static func output(of wire: TLSWire) -> [UInt8] {
        var bytes: [UInt8] = []
        wire.takeOutput { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }

    /// What comes out of bytes that a session reads.
    static func read(_ bytes: [UInt8], by session: TLSSession) throws -> [UInt8] {
        var bytes = bytes
        var input = bytes.mutableSpan
        let plain = Plaintext()
        try session.withInput(&input) { () throws(TLSError) in _ = try session.read(into: plain) }
        return plain.bytes
    }

    func output() -> [UInt8] { Self.output(of: wire) }

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
        var bytes = bytes
        var input = bytes.mutableSpan
        try session.withInput(&input) { () throws(TLSError) in
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
            var piece = Array(rest.prefix(chunk))
            var input = piece.mutableSpan
            try to.withInput(&input) { () throws(TLSError) in
                _ = try to.read(into: plain)
            }
            rest = rest.dropFirst(chunk)
        }
        return plain.bytes
    }
}
