import Testing

@testable import TLS

@Suite("TLS connections that go to another process")
struct MovedTLSCodingTests {
    private func bytes(_ moved: MovedTLS, room: Int = 1 << 16) -> [UInt8]? {
        var isWhole = false
        let bytes = [UInt8](capacity: room) { (output: inout OutputSpan<UInt8>) in
            isWhole = moved.write(to: &output)
        }
        return isWhole ? bytes : nil
    }

    private func moved(_ bytes: [UInt8], _ context: ServerTLSContext) -> MovedTLS? {
        try? MovedTLS(reading: bytes.span, context: context)
    }

    @Test("go on where they were, half a record included", arguments: [true, false])
    func whole(isFresh: Bool) throws {
        let (server, client) = try TLSPair.contexts()
        let pair = try TLSPair(server, client, ownsRecords: true)
        try pair.shakeHands()
        if !isFresh {
            #expect(try pair.carry([1, 2, 3], from: pair.client, to: pair.server) == [1, 2, 3])
            #expect(try pair.carry([4], from: pair.server, to: pair.client) == [4])
        }
        try pair.client.write([9, 8].span)
        let record = pair.output()
        #expect(try TLSPair.read(Array(record.prefix(11)), by: pair.server).isEmpty)
        #expect(pair.server.isPortable)
        let facts = pair.server.facts
        let left = try #require(pair.server.moveOut())
        let written = try #require(bytes(left))
        let (elsewhere, _) = try TLSPair.contexts()
        let taken = try #require(moved(written, elsewhere))
        let wire = try TLSWire(ownsRecords: true)
        let session = try TLSSession(taken, wire: wire)
        #expect(session.facts == facts && session.ownsRecords)
        #expect(try TLSPair.read(Array(record.dropFirst(11)), by: session) == [9, 8])
        try session.write([5, 6].span)
        let output = TLSPair.output(of: wire)
        #expect(try TLSPair.read(output, by: pair.client) == [5, 6])
    }

    @Test("are not read when anything is missing or too much")
    func cut() throws {
        let (server, client) = try TLSPair.contexts()
        let pair = try TLSPair(server, client, ownsRecords: true)
        try pair.shakeHands()
        let left = try #require(pair.server.moveOut())
        let written = try #require(bytes(left))
        for count in 0..<written.count {
            let part = moved(Array(written.prefix(count)), server)
            #expect(part == nil)
        }
        let more = moved(written + [0], server)
        #expect(more == nil)
        for room in [0, 3, 60, written.count - 1] {
            let cut = bytes(left, room: room)
            #expect(cut == nil)
        }
    }

    @Test("stay where they are while OpenSSL has them")
    func objects() throws {
        let (server, client) = try TLSPair.contexts()
        let pair = try TLSPair(server, client, ownsRecords: false)
        try pair.shakeHands()
        #expect(!pair.server.isPortable)
        let left = try #require(pair.server.moveOut())
        let written = bytes(left)
        #expect(written == nil)
    }
}
