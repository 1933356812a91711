import TLS
import Testing

@Suite("TLS connections that go to another thread")
struct MovedTLSTests {
    private func pair(ownsRecords: Bool) throws -> TLSPair {
        let (server, client) = try TLSPair.contexts()
        let pair = try TLSPair(server, client, ownsRecords: ownsRecords)
        try pair.shakeHands()
        return pair
    }

    @Test(
        "go on where they were, with our records or OpenSSL's, whatever was said before",
        arguments: [(true, false), (true, true), (false, false), (false, true)])
    func moves(ownsRecords: Bool, isFresh: Bool) throws {
        let pair = try pair(ownsRecords: ownsRecords)
        if !isFresh {
            #expect(try pair.carry([1, 2, 3], from: pair.client, to: pair.server) == [1, 2, 3])
            #expect(try pair.carry([4], from: pair.server, to: pair.client) == [4])
        }
        let moved = try #require(pair.server.moveOut())
        #expect(pair.server.moveOut() == nil && !pair.server.isEstablished)
        let wire = try TLSWire(ownsRecords: ownsRecords)
        let server = try TLSSession(moved, wire: wire)
        #expect(server.isEstablished && server.ownsRecords == ownsRecords)
        #expect(server.facts.version == "TLSv1.3" && server.facts.serverName == "localhost")
        for turn in 0..<3 {
            let byte = UInt8(turn)
            try pair.client.write([byte, 7].span)
            #expect(try TLSPair.read(pair.output(), by: server) == [byte, 7])
            try server.write([8, byte].span)
            #expect(try TLSPair.read(TLSPair.output(of: wire), by: pair.client) == [8, byte])
        }
        server.sendCloseNotify()
        #expect(TLSPair.output(of: wire).isEmpty == false)
    }

    @Test("take half a record with them", arguments: [true, false])
    func partial(ownsRecords: Bool) throws {
        let pair = try pair(ownsRecords: ownsRecords)
        try pair.client.write([1, 2, 3, 4].span)
        let record = pair.output()
        #expect(try TLSPair.read(Array(record.prefix(9)), by: pair.server).isEmpty)
        let wire = try TLSWire(ownsRecords: ownsRecords)
        let server = try TLSSession(#require(pair.server.moveOut()), wire: wire)
        #expect(try TLSPair.read(Array(record.dropFirst(9)), by: server) == [1, 2, 3, 4])
    }

    @Test("can't go before their handshake is done, nor twice")
    func early() throws {
        let certificate = try Certificate.selfSigned()
        let context = try ServerTLSContext(certificates: [certificate], minimumVersion: .tls12)
        let wire = try TLSWire()
        #expect(try TLSSession(server: context, wire: wire).moveOut() == nil)
        let moved = try #require(pair(ownsRecords: false).server.moveOut())
        let other = try TLSWire(ownsRecords: false)
        _ = try TLSSession(moved, wire: other)
        #expect(throws: TLSError.self) { _ = try TLSSession(moved, wire: other) }
        // Records that are ours need a thread that has them.
        let ours = try #require(pair(ownsRecords: true).server.moveOut())
        #expect(throws: TLSError.self) { _ = try TLSSession(ours, wire: other) }
    }
}
