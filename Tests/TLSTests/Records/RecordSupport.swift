import TLS
import Testing

/// Bytes from hexadecimal digits with spaces between them.
func hex(_ text: String) -> [UInt8] {
    text.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
}

/// What the other end of a record layer does: seals whatever a test wants, and opens what it gets.
final class RecordPeer {
    let wire: TLSWire
    let ciphers: CipherPool
    private var writer: RecordWriter
    private var reader: RecordReader

    init(_ suite: CipherSuite, sends: [UInt8], receives: [UInt8]) throws {
        wire = try TLSWire()
        ciphers = try CipherPool()
        writer = RecordWriter(try TrafficKeys(suite, secret: sends.span, ciphers: ciphers))
        reader = RecordReader(try TrafficKeys(suite, secret: receives.span, ciphers: ciphers))
    }

    func record(_ type: UInt8, _ content: [UInt8]) throws -> [UInt8] {
        try writer.seal(type, content.span, to: wire)
        return wire.taken()
    }

    /// One record whose content is followed by so many bytes of padding, one at least.
    func padded(_ type: UInt8, _ content: [UInt8], _ padding: Int) throws -> [UInt8] {
        // The type that is appended is 0: the last byte of the padding.
        try record(0, content + [type] + [UInt8](repeating: 0, count: padding - 1))
    }

    func data(_ bytes: [UInt8]) throws -> [UInt8] {
        try writer.write(bytes.span, to: wire)
        return wire.taken()
    }

    func keyUpdate(asks: Bool) throws -> [UInt8] {
        guard asks else {
            try writer.updateKey(to: wire)
            return wire.taken()
        }
        let request = try record(ContentType.handshake, [24, 0, 0, 1, 1])
        // Only the key changes; the message that says so was the one before.
        try writer.updateKey(to: TLSWire())
        return request
    }

    /// Opens one record.
    func open(_ record: [UInt8]) throws -> (OnRecord, [UInt8]) {
        var bytes = record
        var span = bytes.mutableSpan
        let opened = try reader.open(&span)
        guard case .data(let count) = opened else { return (opened, []) }
        return (opened, Array(bytes[RecordLayout.header..<RecordLayout.header + count]))
    }

    /// Opens all records of these bytes.
    func openAll(_ bytes: [UInt8]) throws -> (types: [OnRecord], data: [UInt8]) {
        var types: [OnRecord] = []
        var data: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= RecordLayout.header {
            let high = Int(rest[rest.startIndex + 3])
            let size = RecordLayout.header + high << 8 + Int(rest[rest.startIndex + 4])
            let (type, content) = try open(Array(rest.prefix(size)))
            types.append(type)
            data += content
            rest = rest.dropFirst(size)
        }
        #expect(rest.isEmpty)
        return (types, data)
    }
}

extension TLSWire {
    /// The output so far.
    func taken() -> [UInt8] {
        var bytes: [UInt8] = []
        takeOutput { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }
}

/// A record layer and its peer.
struct RecordPair {
    static func secret(_ suite: CipherSuite, _ first: UInt8) -> [UInt8] {
        (0..<(suite == .aes256GCM ? 48 : 32)).map { first &+ UInt8($0) }
    }

    let layer: RecordLayer
    let peer: RecordPeer
    let wire: TLSWire
    let plaintext = Plaintext()

    init(
        _ suite: CipherSuite = .aes128GCM, mostRecords: UInt64 = RecordWriter.mostRecords,
        ticket: [UInt8] = []
    )
        throws
    {
        let client = Self.secret(suite, 1)
        let server = Self.secret(suite, 101)
        wire = try TLSWire()
        let ciphers = try CipherPool()
        layer = RecordLayer(
            RecordReader(try TrafficKeys(suite, secret: client.span, ciphers: ciphers)),
            RecordWriter(
                try TrafficKeys(suite, secret: server.span, ciphers: ciphers),
                mostRecords: mostRecords),
            ticket: ticket, wire: wire)
        peer = try RecordPeer(suite, sends: client, receives: server)
    }

    @discardableResult func read(_ bytes: [UInt8]) throws(TLSError) -> OnRead {
        var copy = bytes
        var span = copy.mutableSpan
        return try layer.read(&span, into: plaintext)
    }

    func write(_ bytes: [UInt8]) throws -> [UInt8] {
        try layer.write(bytes.span)
        return wire.taken()
    }

    /// What the peer sees of the alert that follows a mistake of its own; nil where there is none.
    func alert() throws -> OnRecord? {
        let output = wire.taken()
        return output.isEmpty ? nil : try peer.openAll(output).types.last
    }
}
