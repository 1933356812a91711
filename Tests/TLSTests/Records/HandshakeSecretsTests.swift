import TLS
import Testing

@Suite("The secrets of a handshake")
struct HandshakeSecretsTests {
    private let random = String(repeating: "ab", count: 32)

    private func take(_ lines: String...) -> HandshakeSecrets {
        let secrets = HandshakeSecrets()
        for line in lines { secrets.take(Array(line.utf8).span) }
        return secrets
    }

    @Test("are taken from the lines of the two directions, and from no other")
    func lines() {
        let one = String(repeating: "01", count: 32)
        let two = String(repeating: "Fe", count: 48)
        let secrets = take(
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET \(random) \(two)", "EXPORTER_SECRET \(random) \(two)",
            "CLIENT_TRAFFIC_SECRET_0 \(random) \(one)")
        #expect(!secrets.isComplete)
        #expect(secrets.client.copy == [UInt8](repeating: 1, count: 32))
        secrets.take(Array("SERVER_TRAFFIC_SECRET_0 \(random) \(two)".utf8).span)
        #expect(secrets.isComplete)
        #expect(secrets.server.copy == [UInt8](repeating: 0xFE, count: 48))
    }

    @Test("a line that is cut or no such line gives none")
    func odd() {
        let label = "CLIENT_TRAFFIC_SECRET_0"
        for line in [
            "", label, "\(label) ", "\(label) \(random)", "\(label) \(random) ", "\(label) \(random) 0",
            "\(label) \(random) 0g", "\(label) \(random) \(String(repeating: "00", count: 49))",
        ] {
            #expect(take(line).client.count == 0, "\(line)")
        }
    }
}
