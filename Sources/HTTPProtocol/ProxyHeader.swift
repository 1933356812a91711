internal import ASCII

/// What a PROXY protocol header says of a connection: who is at its other end, before whatever stands between.
package enum ProxyHeader: Equatable, Sendable {
    /// The sender speaks for itself, as health checks do, or does not know: the connection's own addresses hold.
    case local
    /// The client's address, 4 or 16 bytes in network order, and its port.
    case proxied(source: [UInt8], port: UInt16)
}

/// Why a connection does not begin as it must.
package enum ProxyHeaderError: Error, Equatable, Sendable {
    case missing
    case malformed(String)

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .missing: "no PROXY protocol header"
        case .malformed(let what): "malformed PROXY protocol header: \(what)"
        }
    }
}

/// Reads the header that a load balancer puts before everything else, TLS included: the PROXY protocol of HAProxy,
/// versions 1 (a line of text) and 2 (binary), by its specification of 2020-03-05.
///
/// Strict: whoever may connect without the header could claim any address, so one that lacks it is no client of ours.
package struct ProxyHeaderParser {
    /// Version 1, 2.1: "107 chars" with CRLF are enough for the longest line.
    static let longestLine = 107
    /// Version 2 allows 64 KiB; addresses take 216 bytes at most, the rest are extensions that we don't read.
    static let longestBinary = 4096

    static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word = Array("PROXY ".utf8)

    private var bytes: [UInt8] = []

    /// A parser before the first byte.
    package init() {}

    /// Bytes that have come of it.
    package var keptBytes: Int { bytes.count }

    /// Takes bytes; nil = more are needed. `used` counts those of this call that belong to the header.
    package mutating func feed(_ input: Span<UInt8>) throws(ProxyHeaderError)
        -> (header: ProxyHeader, used: Int)?
    {
        for index in 0..<input.count {
            bytes.append(input[index])
            if let header = try step() { return (header, index + 1) }
        }
        return nil
    }

    /// Looks at what there is after each byte: a header is read once per connection and is short.
    private mutating func step() throws(ProxyHeaderError) -> ProxyHeader? {
        let count = bytes.count
        if bytes[0] == Self.signature[0] {
            guard count > Self.signature.count || Self.signature.starts(with: bytes) else { throw .missing }
            return try stepBinary()
        }
        guard count > Self.word.count || Self.word.starts(with: bytes) else { throw .missing }
        guard count >= 2, bytes[count - 1] == .lineFeed else {
            guard count < Self.longestLine else { throw .malformed("line too long") }
            return nil
        }
        guard bytes[count - 2] == .carriageReturn else { throw .malformed("line ends without CR") }
        return try ProxyLine.parse(bytes.dropLast(2).dropFirst(Self.word.count))
    }

    /// Version 2, 2.2: signature, version and command, family and protocol, length, addresses, extensions.
    private mutating func stepBinary() throws(ProxyHeaderError) -> ProxyHeader? {
        guard bytes.count >= 16 else { return nil }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        if bytes.count == 16 {
            guard bytes[12] >> 4 == 2 else { throw .malformed("version \(bytes[12] >> 4)") }
            guard bytes[12] & 15 < 2 else { throw .malformed("command \(bytes[12] & 15)") }
            guard length <= Self.longestBinary else { throw .malformed("\(length) bytes long") }
        }
        guard bytes.count == 16 + length else { return nil }
        guard bytes[12] & 15 == 1 else { return .local }
        switch bytes[13] {
        case 0x11: return try addresses(size: 4, length)
        case 0x21: return try addresses(size: 16, length)
        // UNSPEC, datagrams, Unix sockets and families to come: 2.2 has the receiver ignore what it can't use.
        default: return .local
        }
    }

    private func addresses(size: Int, _ length: Int) throws(ProxyHeaderError) -> ProxyHeader {
        guard length >= 2 * size + 4 else { throw .malformed("addresses cut short") }
        let port = 16 + 2 * size
        return .proxied(
            source: Array(bytes[16..<16 + size]), port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
    }
}

/// Version 1, 2.1: `TCP4 source destination port port`, one space between, or `UNKNOWN` and anything.
private enum ProxyLine {
    static func parse(_ line: ArraySlice<UInt8>) throws(ProxyHeaderError) -> ProxyHeader {
        let text = String(decoding: line, as: UTF8.self)
        if text == "UNKNOWN" || text.hasPrefix("UNKNOWN ") { return .local }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5 else { throw .malformed("\(parts.count) fields") }
        let parse: (Substring) -> [UInt8]?
        switch parts[0] {
        case "TCP4": parse = AddressText.ipv4
        case "TCP6": parse = AddressText.ipv6
        default: throw .malformed("unknown protocol")
        }
        guard let source = parse(parts[1]), parse(parts[2]) != nil else { throw .malformed("bad address") }
        guard let port = AddressText.port(parts[3]), AddressText.port(parts[4]) != nil else {
            throw .malformed("bad port")
        }
        return .proxied(source: source, port: port)
    }
}
