import TLS
import Testing

@Suite("Sealing records")
struct RecordWriterTests {
    private func writer(
        _ secret: [UInt8], sequence: UInt64 = 0, mostRecords: UInt64 = RecordWriter.mostRecords
    )
        throws -> RecordWriter
    {
        RecordWriter(
            try TrafficKeys(.aes128GCM, secret: secret.span, sequence: sequence, ciphers: CipherPool()),
            mostRecords: mostRecords)
    }

    @Test("gives the records of RFC 8448, 3")
    func knownRecords() throws {
        let wire = try TLSWire()
        let content = (0..<50).map { UInt8($0) }
        var client = try writer(TrafficKeysTests.clientSecret)
        try client.write(content.span, to: wire)
        #expect(
            wire.taken()
                == hex(
                    """
                    17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab
                    3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d
                    ea e6 3a ee bb 21 69 49 15 e4
                    """))
        try client.alert(0, to: wire)
        #expect(
            wire.taken() == hex("17 03 03 00 13 c9 87 27 60 65 56 66 b7 4d 7f f1 15 3e fd 6d b6 d0 b0 e3"))
        // The server's first record there was a ticket.
        var server = try writer(TrafficKeysTests.serverSecret, sequence: 1)
        try server.write(content.span, to: wire)
        #expect(
            wire.taken()
                == hex(
                    """
                    17 03 03 00 43 2e 93 7e 11 ef 4a c7 40 e5 38 ad 36 00 5f c4 a4 69 32 fc 32 25 d0 5f 82 aa 1b
                    36 e3 0e fa f9 7d 90 e6 df fc 60 2d cb 50 1a 59 a8 fc c4 9c 4b f2 e5 f0 a2 1c 00 47 c2 ab f3
                    32 54 0d d0 32 e1 67 c2 95 5d
                    """))
        try server.alert(0, to: wire)
        #expect(
            wire.taken() == hex("17 03 03 00 13 b5 8f d6 71 66 eb f5 99 d2 47 20 cf be 7e fa 7a 88 64 a9"))
    }

    @Test(
        "fills records and begins a new one where one is full",
        arguments: [0, 1, 1024, 1025, 16_384, 16_385, 50_000])
    func sizes(_ count: Int) throws {
        let pair = try RecordPair()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let output = try pair.write(bytes)
        let (types, data) = try pair.peer.openAll(output)
        #expect(data == bytes)
        #expect(types.count == (count + RecordLayout.largest - 1) / RecordLayout.largest)
    }

    @Test("changes the key before it has carried its limit of records")
    func keyLimit() throws {
        let pair = try RecordPair(mostRecords: 3)
        var all: [OnRecord] = []
        for number in 0..<10 {
            let (types, data) = try pair.peer.openAll(try pair.write([UInt8(number)]))
            #expect(data == [UInt8(number)])
            all += types
        }
        // Three of data, a KeyUpdate, three of data, and so on: the update is a record of the old key.
        #expect(all.filter { $0 == .nothing }.count == 3)
    }
}
