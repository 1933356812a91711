import Chance
import TLS
import Testing

@Suite("The record layer")
struct RecordLayerTests {
    @Test("gives the same at every split of the input", arguments: CipherSuite.allCases)
    func everySplit(_ suite: CipherSuite) throws {
        let whole = try RecordPair(suite)
        let parts = [[1, 2, 3], [4], [UInt8](repeating: 5, count: 40)]
        let input = try parts.flatMap { try whole.peer.data($0) }
        for split in 0...input.count {
            let pair = try RecordPair(suite)
            try pair.read(Array(input[..<split]))
            try pair.read(Array(input[split...]))
            #expect(pair.plaintext.bytes == parts.flatMap { $0 }, "at \(split)")
            #expect(pair.layer.heldBytes == 0)
        }
    }

    @Test("takes more at once than its scratch holds, and one byte at a time")
    func large() throws {
        let pair = try RecordPair()
        let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try pair.read(try pair.peer.data(bytes))
        #expect(pair.plaintext.bytes == bytes)
        let more = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
        for byte in try pair.peer.data(more) { try pair.read([byte]) }
        #expect(pair.plaintext.bytes == bytes + more)
    }

    @Test("holds no more of a record than has come of it")
    func holdsWhatCame() throws {
        let pair = try RecordPair()
        let record = try pair.peer.data([UInt8](repeating: 1, count: 16_000))
        try pair.read(Array(record.prefix(6)))
        #expect(pair.layer.heldBytes == 6)
        try pair.read(Array(record[6..<1000]))
        #expect(pair.layer.heldBytes == 1000)
        try pair.read(Array(record[1000...]))
        #expect(pair.layer.heldBytes == 0)
        #expect(pair.plaintext.bytes.count == 16_000)
    }

    @Test("hands on what came before a mistake, then names it and tells the peer")
    func mistake() throws {
        let pair = try RecordPair()
        var input = try pair.peer.data([1, 2])
        var wrong = try pair.peer.data([3])
        wrong[wrong.count - 1] ^= 1
        input += wrong
        #expect(throws: TLSError.protocolViolation("a record was changed on its way")) {
            try pair.read(input)
        }
        #expect(pair.plaintext.bytes == [1, 2])
        #expect(try pair.alert() == .alert(20))
    }

    @Test("a peer's alert is named and not answered; close_notify is an end")
    func alerts() throws {
        let pair = try RecordPair()
        #expect(throws: TLSError.alert("handshake failure")) {
            try pair.read(try pair.peer.record(ContentType.alert, [2, 40]))
        }
        #expect(try pair.alert() == nil)
        let other = try RecordPair()
        let input = try other.peer.data([7]) + other.peer.record(ContentType.alert, [1, 0])
        #expect(try other.read(input) == .peerClosed)
        #expect(other.plaintext.bytes == [7])
        try other.layer.close()
        #expect(try other.alert() == .closed)
    }

    @Test("a change of keys is followed at once, and answered before the next data where that is asked for")
    func keyUpdates() throws {
        let pair = try RecordPair()
        var expected: [UInt8] = []
        for round in 0..<5 {
            try pair.read(try pair.peer.keyUpdate(asks: round % 2 == 1))
            try pair.read(try pair.peer.data([UInt8(round)]))
            expected.append(UInt8(round))
            #expect(pair.plaintext.bytes == expected)
            let (types, data) = try pair.peer.openAll(try pair.write([9]))
            #expect(types.contains(.nothing) == (round % 2 == 1))
            #expect(data == [9])
        }
    }

    @Test("what was owed goes before the first data, and once")
    func ticket() throws {
        let pair = try RecordPair(ticket: [1, 2, 3])
        #expect(try pair.write([4]).starts(with: [1, 2, 3, 23]))
        #expect(try pair.write([4]).starts(with: [23, 3, 3]))
    }

    @Test("a receiver that stops reading gets nothing more")
    func stops() throws {
        let pair = try RecordPair()
        let once = Once()
        var input = try pair.peer.data([UInt8](repeating: 1, count: 300_000))
        var span = input.mutableSpan
        #expect(try pair.layer.read(&span, into: once) == .needsInput)
        #expect(once.calls == 1)
    }

    private final class Once: PlaintextReceiver {
        var calls = 0
        func plaintextReceived(_ bytes: inout MutableSpan<UInt8>) -> Bool {
            calls += 1
            return false
        }
    }

    @Test("random records, paddings and splits give what OpenSSL's path gives")
    func againstOpenSSL() throws {
        var random = SplitMix(seed: 0x7472_756E_6B)
        for _ in 0..<20 {
            let certificate = try Certificate.selfSigned()
            let server = try ServerTLSContext(certificates: [certificate])
            let client = try ClientTLSContext(
                serverName: "localhost", authorityPEM: Array(certificate.pem.utf8))
            let ours = try TLSPair(server, client)
            let theirs = try TLSPair(server, client, ownsRecords: false)
            for pair in [ours, theirs] { try pair.shakeHands() }
            #expect(ours.server.ownsRecords && !theirs.server.ownsRecords)
            for _ in 0..<20 {
                let count = Int(random.next() % 40_000) + 1
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) }
                let chunk = Int(random.next() % 20_000) + 1
                for pair in [ours, theirs] {
                    #expect(try pair.carry(bytes, from: pair.client, to: pair.server, chunk: chunk) == bytes)
                    #expect(try pair.carry(bytes, from: pair.server, to: pair.client, chunk: chunk) == bytes)
                }
            }
        }
    }
}
