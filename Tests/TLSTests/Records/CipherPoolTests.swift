import TLS
import Testing

@Suite("The pool of cipher contexts")
struct CipherPoolTests {
    /// A direction that seals records of its own.
    private final class Direction {
        private var writer: RecordWriter
        private let wire: TLSWire

        init(_ number: Int, _ ciphers: CipherPool, _ wire: TLSWire) throws {
            let suite = CipherSuite.allCases[number % 3]
            let secret = RecordPair.secret(suite, UInt8(truncatingIfNeeded: number))
            writer = RecordWriter(try TrafficKeys(suite, secret: secret.span, ciphers: ciphers))
            self.wire = wire
        }

        func seal() throws -> [UInt8] {
            try writer.write([1, 2, 3].span, to: wire)
            return wire.taken()
        }
    }

    @Test("gives each direction its key, whatever it had in between")
    func keys() throws {
        let wire = try TLSWire()
        let (crowded, roomy) = (try CipherPool(), try CipherPool())
        let many = CipherPool.fewest * 3
        let directions = try (0..<many).map { try Direction($0, crowded, wire) }
        for round in 0..<3 {
            for (number, direction) in directions.enumerated() {
                let alone = try Direction(number, roomy, wire)
                for _ in 0..<round { _ = try alone.seal() }
                #expect(try direction.seal() == alone.seal())
            }
        }
    }

    @Test("has few contexts for many that only pass by, and more for many that come back")
    func grows() throws {
        let wire = try TLSWire()
        let ciphers = try CipherPool()
        let many = CipherPool.fewest * 4
        let directions = try (0..<many).map { try Direction($0, ciphers, wire) }
        for direction in directions { _ = try direction.seal() }
        #expect(ciphers.count == CipherPool.fewest)
        for _ in 0..<6 { for direction in directions { _ = try direction.seal() } }
        #expect(ciphers.count >= many)
    }

    @Test("keeps nothing for directions that are silent or gone")
    func trims() throws {
        let wire = try TLSWire()
        let ciphers = try CipherPool()
        var directions = try (0..<10).map { try Direction($0, ciphers, wire) }
        for direction in directions { _ = try direction.seal() }
        #expect(ciphers.count == 10)
        ciphers.trim()
        #expect(ciphers.count == 10)
        _ = try directions[3].seal()
        ciphers.trim()
        #expect(ciphers.count == 1)
        directions = []
        ciphers.trim()
        ciphers.trim()
        #expect(ciphers.count == 0)
    }
}
