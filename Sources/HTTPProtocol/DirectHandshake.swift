internal import ASCII

/// A request for a WebSocket as nearly all are: written at once, from the client's lines and what is known of it, and not line by
/// line into a set of fields that is then written.
///
/// It is what `ClientHandshake.composed` comes to, byte for byte, and leaves to that one what has more to be decided: who is
/// believed, certificates, changes of fields, requests that many share.
enum DirectHandshake {
    /// nil where there is more to decide.
    static func request(
        _ head: RequestHead, target: RequestTarget, forwarding: Forwarding, key: String, offer: HandshakeOffer
    ) -> [UInt8]? {
        let fields = head.fields
        guard forwarding.isPlain, HopByHop.namesNothing(in: fields) else { return nil }
        let host = fields.firstBytes(.host)
        let (known, connection) = (forwarding.known, forwarding.connection)
        let (address, requestID) = (known.address, forwarding.requestID)
        guard isPlain(host.span), isPlain(address.utf8.span), isPlain(requestID.utf8.span) else { return nil }
        var writer = WireWriter(
            room: fields.writtenBytes + target.path.utf8.count + (target.query?.utf8.count ?? 0)
                + 3 * address.utf8.count + 2 * host.count + requestID.utf8.count + key.utf8.count + 384)
        writer.put("GET ")
        writer.put(target)
        writer.put(" HTTP/1.1\r\n")
        fields.write(but: replaced, into: &writer)
        writer.put("X-Forwarded-For: ")
        writer.put(address)
        writer.put("\r\nX-Real-IP: ")
        writer.put(address)
        writer.put(connection.isSecure ? "\r\nX-Forwarded-Proto: https" : "\r\nX-Forwarded-Proto: http")
        if !host.isEmpty {
            writer.put("\r\nX-Forwarded-Host: ")
            writer.put(host.span)
        }
        if connection.port > 0 {
            writer.put("\r\nX-Forwarded-Port: ")
            writer.put(connection.port)
        }
        writer.put("\r\nForwarded: for=")
        put(node: address.utf8.span, into: &writer)
        writer.put(connection.isSecure ? ";proto=https" : ";proto=http")
        if !host.isEmpty {
            let isQuoted = !isToken(host.span)
            writer.put(isQuoted ? ";host=\"" : ";host=")
            writer.put(host.span)
            if isQuoted { writer.put("\"") }
        }
        writer.put("\r\nX-Request-Id: ")
        writer.put(requestID)
        writer.put(
            "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        )
        writer.put(key)
        writer.put("\r\n")
        offer.write(into: &writer)
        writer.put("\r\n")
        return writer.finish()
    }

    /// RFC 7239, 6: an IPv6 address stands in brackets and quotes and has no zone.
    private static func put(node address: Span<UInt8>, into writer: inout WireWriter) {
        var end = 0
        var isVersion6 = false
        while end < address.count, address[end] != .percent {
            if address[end] == .colon { isVersion6 = true }
            end += 1
        }
        guard isVersion6 else { return writer.put(address) }
        writer.put("\"[")
        writer.put(address.extracting(0..<end))
        writer.put("]\"")
    }

    /// What the client said and is said anew, or goes no further.
    private static let replaced: FieldTraits = [
        .ofHop, .handshake, .length, .requestID, .hereOnly, .identity, .entrance,
    ]

    /// Whether a value can stand in any line, in quotes and without.
    private static func isPlain(_ value: Span<UInt8>) -> Bool {
        for index in value.indices {
            let byte = value[index]
            if byte < .hash || byte > .tilde || byte == .backslash { return false }
        }
        return true
    }
}

/// Bytes that are written one part behind the other: room is taken once, and each part is copied into its place.
struct WireWriter: ~Copyable {
    private var bytes: [UInt8]
    private var end = 0

    /// - Parameter room: of what will be written; where that is not enough, more is taken.
    init(room: Int) {
        bytes = []
        bytes.append(addingCapacity: room) { (output: inout OutputSpan<UInt8>) in
            output.append(repeating: 0, count: room)
        }
    }

    mutating func put(_ part: Span<UInt8>) {
        let start = end
        let next = start + part.count
        let lacking = next - bytes.count
        if lacking > 0 { bytes += [UInt8](repeating: 0, count: lacking + 256) }
        var all = bytes.mutableSpan
        var place = all._mutatingExtracting(start..<next)
        guard place.count == part.count else { return }
        for index in part.indices { place[index] = part[index] }
        end = next
    }

    mutating func put(_ text: String) { put(text.utf8.span) }

    mutating func put(_ target: RequestTarget) {
        put(target.path)
        guard let query = target.query else { return }
        put("?")
        put(query)
    }

    mutating func put(_ number: UInt16) {
        var unit: UInt16 = 10_000
        while unit > 1, number < unit { unit /= 10 }
        while unit > 0 {
            let digit: InlineArray<1, UInt8> = [.zero + UInt8(truncatingIfNeeded: number / unit % 10)]
            put(digit.span)
            unit /= 10
        }
    }

    consuming func finish() -> [UInt8] {
        let unused = bytes.count - end
        bytes.removeLast(unused)
        return bytes
    }
}
