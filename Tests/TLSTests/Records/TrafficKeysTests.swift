import TLS
import Testing

@Suite("Traffic keys")
struct TrafficKeysTests {
    // RFC 8448, 3: a handshake with AES-128-GCM.
    static let clientSecret = hex(
        """
        9e 40 64 6c e7 9a 7f 9d c0 5a f8 88 9b ce 65 52 87 5a fa 0b 06 df 00 87 f7 92 eb b7 c1 75 04 a5
        """)
    static let serverSecret = hex(
        """
        a1 1a f9 f0 55 31 f8 56 ad 47 11 6b 45 a9 50 32 82 04 b4 f4 4b fb 6b 3a 4b 4f 1f 3f cb 63 16 43
        """)

    @Test("are those of RFC 8448")
    func knownKeys() throws {
        let ciphers = try CipherPool()
        let client = try TrafficKeys(.aes128GCM, secret: Self.clientSecret.span, ciphers: ciphers)
        let server = try TrafficKeys(.aes128GCM, secret: Self.serverSecret.span, ciphers: ciphers)
        let (clientKeys, serverKeys) = (client.derived, server.derived)
        #expect(clientKeys.key == hex("17 42 2d da 59 6e d5 d9 ac d8 90 e3 c6 3f 50 51"))
        #expect(clientKeys.iv == hex("5b 78 92 3d ee 08 57 90 33 e5 23 d9"))
        #expect(serverKeys.key == hex("9f 02 28 3b 6c 9c 07 ef c2 6b b9 f2 ac 92 e3 56"))
        #expect(serverKeys.iv == hex("cf 78 2b 88 dd 83 54 9a ad f1 e9 84"))
    }

    @Test("are none where the secret has not the size of the suite's hash", arguments: CipherSuite.allCases)
    func wrongSize(_ suite: CipherSuite) throws {
        let ciphers = try CipherPool()
        let secret = RecordPair.secret(suite, 1)
        for wrong in [Array(secret.dropLast()), secret + [1], []] {
            #expect(throws: RecordError.internalFailure) {
                _ = try TrafficKeys(suite, secret: wrong.span, ciphers: ciphers)
            }
        }
    }

    @Test("change with an update, and count records from 0 again", arguments: CipherSuite.allCases)
    func update(_ suite: CipherSuite) throws {
        let ciphers = try CipherPool()
        let secret = RecordPair.secret(suite, 7)
        let keys = try TrafficKeys(suite, secret: secret.span, sequence: 5, ciphers: ciphers)
        let first = keys.derived
        let before = keys.sequence
        #expect(before == 5)
        let isUpdated = keys.update()
        let (sequence, second) = (keys.sequence, keys.derived)
        #expect(isUpdated && sequence == 0)
        #expect(second.key != first.key && second.iv != first.iv)
    }
}
