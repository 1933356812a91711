import TLS
import Testing

@Suite("The key schedule")
struct KeyScheduleTests {
    private static let digests = [("SHA2-256", 32), ("SHA2-384", 48)]

    private func bytes(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 + 1) &* (seed + 3)) }
    }

    private func both(
        _ digest: String, key: [UInt8]?, salt: [UInt8]? = nil, label: String, data: [UInt8]? = nil, count: Int
    ) -> (ours: [UInt8]?, theirs: [UInt8]?) {
        func derive(_ byOurs: Bool) -> [UInt8]? {
            KeySchedule.derive(
                byOurs: byOurs, digest: digest, key: key, salt: salt, label: label, data: data, count: count)
        }
        return (derive(true), derive(false))
    }

    @Test("expands as OpenSSL's own does, whatever the label, the data and the length", arguments: digests)
    func expands(digest: String, size: Int) throws {
        try #require(KeySchedule.isLoaded)
        for (seed, label) in ["key", "iv", "finished", "c ap traffic", "s ap traffic", "resumption", ""]
            .enumerated()
        {
            for data in [0, 1, size] {
                for count in [1, 12, 16, size - 1, size, size + 1, 2 * size, 255] {
                    let made = both(
                        digest, key: bytes(size, seed), label: label, data: bytes(data, seed), count: count)
                    #expect(made.ours != nil && made.ours == made.theirs, "\(label) \(data) \(count)")
                }
            }
        }
    }

    @Test(
        "extracts as OpenSSL's own does, with a secret before it or none, and with none to add",
        arguments: digests)
    func extracts(digest: String, size: Int) {
        for key in [nil, bytes(32, 1), bytes(48, 2)] {
            for salt in [nil, bytes(size, 3)] {
                let made = both(digest, key: key, salt: salt, label: "derived", count: size)
                #expect(made.ours != nil && made.ours == made.theirs)
            }
        }
    }

    @Test("gives the client's handshake traffic secret of RFC 8448, section 3")
    func known() {
        let shared = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
        func extract(_ key: [UInt8]?, _ salt: [UInt8]?) -> [UInt8]? {
            KeySchedule.derive(
                byOurs: true, digest: "SHA256", key: key, salt: salt, label: "derived", data: nil, count: 32)
        }
        let early = extract(nil, nil)
        #expect(early == hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"))
        let handshake = extract(shared, early)
        #expect(handshake == hex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"))
        let hash = hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
        let client = KeySchedule.derive(
            byOurs: true, digest: "SHA256", key: handshake, salt: nil, label: "c hs traffic", data: hash,
            count: 32)
        #expect(client == hex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"))
    }

    @Test(
        "refuses what it does not know: another digest, a field that is too long, a secret of the wrong size")
    func refuses() {
        func derive(_ digest: String, _ key: Int, _ count: Int, _ data: [UInt8]?) -> [UInt8]? {
            KeySchedule.derive(
                byOurs: true, digest: digest, key: bytes(key, 1), salt: nil, label: "key", data: data,
                count: count)
        }
        #expect(derive("SHA2-256", 32, 16, []) != nil)
        #expect(derive("SHA2-512", 64, 16, []) == nil)
        #expect(derive("SHA2-256", 81, 16, []) == nil)
        #expect(derive("SHA2-256", 32, 16, bytes(81, 1)) == nil)
        #expect(derive("SHA2-256", 32, 33, nil) == nil)
        #expect(derive("SHA2-256", 0, 16, []) == nil)
        #expect(derive("SHA2-256", 32, 255 * 32 + 1, []) == nil)
    }

    private func hex(_ text: String) -> [UInt8] {
        let digits = Array(text)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
        }
    }
}
