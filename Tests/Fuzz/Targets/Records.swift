import TLS

/// The record layer of TLS 1.3, fed by a peer that follows a program made of the input.
enum Records {
    /// However the records are cut, they mean the same; and what a peer sent by the rules arrives as it was sent.
    static func check(_ bytes: [UInt8]) -> String? {
        do {
            guard let first = bytes.first else { return nil }
            let suite = CipherSuite.allCases[Int(first) % CipherSuite.allCases.count]
            let stream = try Stream(suite, program: bytes.dropFirst())
            let cut = min(Int(first) * 3, stream.bytes.count)
            let whole = try read(suite, [stream.bytes])
            let parts = try read(suite, [Array(stream.bytes[..<cut]), Array(stream.bytes[cut...])])
            if whole != parts { return "whole: \(whole), in parts: \(parts)" }
            if stream.bytes.count < 600 {
                let single = try read(suite, stream.bytes.map { [$0] })
                if whole != single { return "whole: \(whole), byte by byte: \(single)" }
            }
            if stream.isLawful, whole.plaintext != stream.plaintext || whole.end != nil {
                return "sent by the rules: \(stream.plaintext), seen: \(whole)"
            }
            return nil
        } catch {
            return "setting up failed: \(error)"
        }
    }

    private struct Seen: Equatable {
        var plaintext: [UInt8] = []
        /// How it ended; nil when more may come.
        var end: String?
    }

    private static func secret(_ suite: CipherSuite, _ first: UInt8) -> [UInt8] {
        (0..<(suite == .aes256GCM ? 48 : 32)).map { first &+ UInt8($0) }
    }

    private static func read(_ suite: CipherSuite, _ parts: [[UInt8]]) throws -> Seen {
        let wire = try TLSWire(ownsRecords: false)
        let ciphers = try CipherPool()
        let layer = RecordLayer(
            RecordReader(try TrafficKeys(suite, secret: secret(suite, 1).span, ciphers: ciphers)),
            RecordWriter(try TrafficKeys(suite, secret: secret(suite, 2).span, ciphers: ciphers)),
            wire: wire)
        let collector = Collector()
        var seen = Seen()
        for part in parts where seen.end == nil {
            var copy = part
            var span = copy.mutableSpan
            do throws(TLSError) {
                if try layer.read(&span, into: collector) == .peerClosed { seen.end = "closed" }
            } catch {
                seen.end = "\(error)"
            }
        }
        seen.plaintext = collector.bytes
        return seen
    }

    private final class Collector: PlaintextReceiver {
        var bytes: [UInt8] = []

        func plaintextReceived(_ span: inout MutableSpan<UInt8>) -> Bool {
            for index in span.indices { bytes.append(span[index]) }
            return true
        }
    }

    /// What a peer sends: two bytes say what comes next and how long it is.
    private struct Stream {
        private(set) var bytes: [UInt8] = []
        private(set) var plaintext: [UInt8] = []
        /// Only what RFC 8446 allows, as far as it came.
        private(set) var isLawful = true

        init(_ suite: CipherSuite, program: ArraySlice<UInt8>) throws {
            let wire = try TLSWire(ownsRecords: false)
            let ciphers = try CipherPool()
            var writer = RecordWriter(
                try TrafficKeys(suite, secret: Records.secret(suite, 1).span, ciphers: ciphers))
            var rest = program
            // So few that no count of empty records or key updates is reached by lawful ones.
            for _ in 0..<20 {
                guard let order = rest.popFirst(), let length = rest.popFirst() else { break }
                let content = Array(rest.prefix(Int(length)))
                rest = rest.dropFirst(content.count)
                switch order % 8 {
                case 0, 1, 2:
                    try writer.seal(ContentType.data, content.span, to: wire)
                    if isLawful { plaintext += content }
                case 3:
                    let padded = content + [ContentType.data] + [UInt8](repeating: 0, count: Int(order))
                    try writer.seal(0, padded.span, to: wire)
                    if isLawful { plaintext += content }
                case 4: try writer.updateKey(to: wire)
                case 5:
                    try writer.seal(order &+ length, content.span, to: wire)
                    isLawful = false
                case 6:
                    try writer.seal(ContentType.handshake, content.span, to: wire)
                    isLawful = false
                default:
                    bytes += content
                    isLawful = false
                }
                take(wire)
            }
        }

        private mutating func take(_ wire: TLSWire) {
            wire.takeOutput { span in for index in span.indices { bytes.append(span[index]) } }
        }
    }
}
