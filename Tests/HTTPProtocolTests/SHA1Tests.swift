import Testing

@testable import HTTPProtocol

@Suite("SHA-1")
struct SHA1Tests {
    private func hex(_ message: String) -> String {
        let digest = SHA1.digest(Array(message.utf8).span)
        return digest.indices.map { String(digest[$0] >> 4, radix: 16) + String(digest[$0] & 15, radix: 16) }
            .joined()
    }

    @Test("the vectors of RFC 3174, 7.3")
    func vectors() {
        #expect(hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(hex(String(repeating: "a", count: 1_000_000)) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(
            hex(
                String(
                    repeating: "0123456701234567012345670123456701234567012345670123456701234567", count: 10))
                == "dea356a2cddd90c7a7ecedc5ebb563934f460452")
        #expect(hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    }

    @Test("a message of 60 bytes has the digest that it has with all others")
    func sixty() {
        for start in [0, 1, 77, 200] {
            let message = (0..<60).map { UInt8(truncatingIfNeeded: start + 7 * $0) }
            let words: InlineArray<15, UInt32> = InlineArray { word in
                (0..<4).reduce(0) { $0 << 8 | UInt32(message[4 * word + $1]) }
            }
            let (short, long) = (SHA1.digest(of: words), SHA1.digest(message.span))
            #expect(short.indices.allSatisfy { short[$0] == long[$0] })
        }
    }
}
