import TLS
import Testing

@Suite("Ticket secrets")
struct TicketSecretTests {
    @Test("one that is written and read is the same, any other is not")
    func copies() throws {
        let keys = try TicketKeys()
        let secret = try #require(keys.secrets.first)
        var bytes = [UInt8](capacity: TicketSecret.size) { (output: inout OutputSpan<UInt8>) in
            secret.append(to: &output)
            // There is no room for another.
            secret.append(to: &output)
        }
        #expect(bytes.count == 80 && Set(bytes).count > 8)
        #expect(isSame(bytes, as: secret) == true)
        bytes[79] ^= 1
        #expect(isSame(bytes, as: secret) == false)
        #expect(isSame(bytes.dropLast(), as: secret) == nil)
    }

    private func isSame(_ bytes: [UInt8], as secret: TicketSecret) -> Bool? {
        let copy = TicketSecret(copying: bytes.span)
        return copy?.isSame(as: secret)
    }

    @Test("keys go on with those of others, and rotate from there")
    func taken() throws {
        let old = try TicketKeys()
        try old.rotate()
        let secrets = old.secrets
        #expect(secrets.count == 2 && !secrets[0].isSame(as: secrets[1]))
        let new = try TicketKeys()
        new.take(current: secrets[0], previous: secrets[1])
        #expect(zip(new.secrets, secrets).allSatisfy { $0.isSame(as: $1) })
        try new.rotate()
        #expect(new.secrets.count == 2 && new.secrets[1].isSame(as: secrets[0]))
        new.take(current: secrets[1], previous: nil)
        #expect(new.secrets.count == 1)
    }
}
