import TLS
import Testing

@Suite("Opening records")
struct RecordReaderTests {
    private typealias Change = (inout [UInt8]) -> Void

    private func error(_ record: [UInt8], in peer: RecordPeer) -> RecordError? {
        do {
            _ = try peer.open(record)
            return nil
        } catch {
            return error as? RecordError
        }
    }

    /// Two ends that open each other's.
    private func ends(_ suite: CipherSuite = .aes128GCM) throws -> (from: RecordPeer, to: RecordPeer) {
        let one = RecordPair.secret(suite, 1)
        let two = RecordPair.secret(suite, 2)
        return (
            try RecordPeer(suite, sends: one, receives: two), try RecordPeer(suite, sends: two, receives: one)
        )
    }

    @Test("gives back what was sealed, with and without padding", arguments: CipherSuite.allCases)
    func opens(_ suite: CipherSuite) throws {
        let (from, to) = try ends(suite)
        for count in [1, 2, 15, 16, 17, 500, 1024, 1025, 16_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ 3) }
            #expect(try to.open(try from.record(ContentType.data, bytes)) == (.data(count), bytes))
            #expect(try to.open(try from.padded(ContentType.data, bytes, 300)) == (.data(count), bytes))
        }
    }

    @Test("a record that was changed anywhere, left out or repeated is refused")
    func changed() throws {
        let (from, to) = try ends()
        let record = try from.record(ContentType.data, [1, 2, 3])
        for index in record.indices where !(1...2).contains(index) {
            let (other, end) = try ends()
            var bytes = try other.record(ContentType.data, [1, 2, 3])
            bytes[index] ^= 1
            #expect(error(bytes, in: end) != nil, "byte \(index)")
        }
        #expect(try to.open(record).1 == [1, 2, 3])
        #expect(error(record, in: to) == .badTag)
        let (other, end) = try ends()
        _ = try other.record(ContentType.data, [4])
        #expect(error(try other.record(ContentType.data, [5]), in: end) == .badTag)
    }

    @Test("what may not come ends with the error that RFC 8446 names")
    func unexpected() throws {
        let cases: [(type: UInt8, content: [UInt8], error: RecordError)] = [
            (0, [], .unexpectedType), (0, [0, 0, 0], .unexpectedType), (20, [1], .unexpectedType),
            (24, [1], .unexpectedType), (255, [1], .unexpectedType),
            (ContentType.alert, [], .malformed), (ContentType.alert, [2], .malformed),
            (ContentType.alert, [2, 40, 2], .malformed),
            (ContentType.handshake, [], .unexpectedMessage),
            // NewSessionTicket, Certificate, Finished, ClientHello from a client.
            (ContentType.handshake, [4, 0, 0, 0], .unexpectedMessage),
            (ContentType.handshake, [11, 0, 0, 0], .unexpectedMessage),
            (ContentType.handshake, [20, 0, 0, 0], .unexpectedMessage),
            (ContentType.handshake, [1, 0, 0, 0], .unexpectedMessage),
            (ContentType.handshake, [24, 0, 0, 0], .malformed),
            (ContentType.handshake, [24, 0, 0, 2, 0, 0], .malformed),
            (ContentType.handshake, [24, 255, 255, 255], .malformed),
            (ContentType.handshake, [24, 0, 0, 1, 2], .illegalParameter),
            // Nothing may follow a KeyUpdate in its record.
            (ContentType.handshake, [24, 0, 0, 1, 0, 24], .unexpectedMessage),
        ]
        for wrong in cases {
            let (from, to) = try ends()
            let record = try from.record(wrong.type, wrong.content)
            #expect(error(record, in: to) == wrong.error, "\(wrong)")
        }
    }

    @Test("sizes are checked before anything is opened")
    func sizes() throws {
        let (_, to) = try ends()
        let longest = RecordLayout.largest + 256
        for (body, expected) in [
            (0, RecordError.badTag), (16, .badTag), (longest + 1, .tooLong), (65_535, .tooLong),
        ] {
            let header: [UInt8] = [23, 3, 3, UInt8(body >> 8), UInt8(body & 255)]
            #expect(error(header + [UInt8](repeating: 0, count: body), in: to) == expected, "\(body)")
        }
        for type: UInt8 in [20, 21, 22, 24, 0] {
            #expect(error([type, 3, 3, 0, 20] + [UInt8](repeating: 0, count: 20), in: to) == .unexpectedType)
        }
    }

    @Test("more plaintext than a record may have is refused, also where its padding is cut off")
    func plaintextTooLong() throws {
        let (from, to) = try ends()
        let most = [UInt8](repeating: 9, count: RecordLayout.largest)
        #expect(try to.open(try from.padded(ContentType.data, most, 200)).1.count == most.count)
        #expect(error(try from.record(ContentType.data, most + [1]), in: to) == .tooLong)
    }

    @Test("a message may be split over records, and nothing may come between its parts")
    func splitMessage() throws {
        let (from, to) = try ends()
        for byte: UInt8 in [24, 0, 0, 1] {
            #expect(try to.open(try from.record(ContentType.handshake, [byte])).0 == .nothing)
        }
        #expect(error(try from.record(ContentType.data, [1]), in: to) == .unexpectedType)
        let (again, end) = try ends()
        _ = try end.open(try again.record(ContentType.handshake, [24, 0]))
        #expect(error(try again.record(ContentType.alert, [1, 0]), in: end) == .unexpectedType)
    }

    @Test("alerts end it, but for the one that announces an end")
    func alerts() throws {
        let (from, to) = try ends()
        #expect(try to.open(try from.record(ContentType.alert, [1, 90])).0 == .nothing)
        #expect(try to.open(try from.record(ContentType.alert, [1, 0])).0 == .closed)
        #expect(try to.open(try from.record(ContentType.alert, [2, 40])).0 == .alert(40))
        // The level says nothing (RFC 8446, 6).
        #expect(try to.open(try from.record(ContentType.alert, [1, 20])).0 == .alert(20))
    }

    @Test("records without data and changes of keys are bounded")
    func floods() throws {
        let (from, to) = try ends()
        for _ in 0..<3 {
            for _ in 1..<RecordReader.mostEmpty { _ = try to.open(try from.record(ContentType.data, [])) }
            _ = try to.open(try from.record(ContentType.data, [1]))
        }
        for _ in 1..<RecordReader.mostEmpty { _ = try to.open(try from.record(ContentType.data, [])) }
        #expect(error(try from.record(ContentType.data, []), in: to) == .tooManyEmpty)
        let (other, end) = try ends()
        for _ in 1..<RecordReader.mostEmpty { _ = try end.open(try other.keyUpdate(asks: false)) }
        #expect(error(try other.keyUpdate(asks: false), in: end) == .tooManyKeyUpdates)
    }

    @Test("each error has its alert")
    func errorAlerts() {
        #expect(RecordError.badTag.alert == 20)
        #expect(RecordError.tooLong.alert == 22)
        #expect(RecordError.unexpectedType.alert == 10)
        #expect(RecordError.unexpectedMessage.alert == 10)
        #expect(RecordError.malformed.alert == 50)
        #expect(RecordError.illegalParameter.alert == 47)
        #expect(RecordError.internalFailure.alert == 80)
    }
}
