internal import COpenSSL

/// The traffic secrets of a handshake, as OpenSSL tells them: lines of the key log format. They are wiped with this
/// object.
@safe package final class HandshakeSecrets {
    /// Of as many bytes as its suite's hash has.
    package struct Secret {
        var bytes = InlineArray<48, UInt8>(repeating: 0)
        /// 0 = none was told.
        package var count = 0

        /// A copy, to compare it.
        package var copy: [UInt8] { (0..<count).map { bytes[$0] } }
    }

    /// Of what the client sends.
    package private(set) var client = Secret()
    /// Of what the server sends.
    package private(set) var server = Secret()

    deinit {
        unsafe withUnsafeMutableBytes(of: &client) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        unsafe withUnsafeMutableBytes(of: &server) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    /// None told yet.
    package init() {}

    /// Whether both directions have theirs.
    package var isComplete: Bool { client.count > 0 && server.count > 0 }

    /// Takes `LABEL CLIENT_RANDOM SECRET`, the last two in hexadecimal digits; other labels are passed over.
    package func take(_ line: Span<UInt8>) {
        if Self.begins(line, "CLIENT_TRAFFIC_SECRET_0 ") {
            client = Self.secret(line, from: 24)
        } else if Self.begins(line, "SERVER_TRAFFIC_SECRET_0 ") {
            server = Self.secret(line, from: 24)
        }
    }

    private static func begins(_ line: Span<UInt8>, _ label: StaticString) -> Bool {
        guard line.count > label.utf8CodeUnitCount else { return false }
        return label.withUTF8Buffer { label in
            label.indices.allSatisfy { unsafe label[$0] == line[$0] }
        }
    }

    private static func secret(_ line: Span<UInt8>, from: Int) -> Secret {
        // The client's random: 32 bytes.
        let start = from + 64 + 1
        var secret = Secret()
        guard line.count > start, (line.count - start) % 2 == 0, (line.count - start) / 2 <= 48 else {
            return secret
        }
        for index in 0..<(line.count - start) / 2 {
            guard let high = digit(line[start + 2 * index]), let low = digit(line[start + 2 * index + 1])
            else { return Secret() }
            secret.bytes[index] = high << 4 | low
        }
        secret.count = (line.count - start) / 2
        return secret
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 97...102: byte - 87
        case 65...70: byte - 55
        default: nil
        }
    }
}
