internal import ASCII

/// Names that are looked up with every head: a line knows whether it has one, found once when it is added, so that a look
/// compares a number and spells no name.
package enum KnownName: UInt8, CaseIterable, Sendable {
    /// None of these.
    case other
    /// `Sec-WebSocket-Accept`.
    case accept
    /// `Connection`.
    case connection
    /// `Cookie`.
    case cookie
    /// `Transfer-Encoding`.
    case encoding
    /// `Sec-WebSocket-Extensions`.
    case extensions
    /// `Host`.
    case host
    /// `Sec-WebSocket-Key`.
    case key
    /// `Content-Length`.
    case length
    /// `Origin`.
    case origin
    /// `X-Request-Id`.
    case requestID
    /// `Sec-WebSocket-Protocol`.
    case subprotocols
    /// `TE`.
    case te
    /// `Upgrade`.
    case upgrade
    /// `User-Agent`.
    case userAgent
    /// `Sec-WebSocket-Version`.
    case version

    /// In lower case; empty for none.
    var spelling: String {
        switch self {
        case .other: ""
        case .accept: "sec-websocket-accept"
        case .connection: "connection"
        case .cookie: "cookie"
        case .encoding: "transfer-encoding"
        case .extensions: "sec-websocket-extensions"
        case .host: "host"
        case .key: "sec-websocket-key"
        case .length: "content-length"
        case .origin: "origin"
        case .requestID: "x-request-id"
        case .subprotocols: "sec-websocket-protocol"
        case .te: "te"
        case .upgrade: "upgrade"
        case .userAgent: "user-agent"
        case .version: "sec-websocket-version"
        }
    }
}

/// Which of the names some lines have.
struct KnownNames: Equatable, Sendable {
    private var bits: UInt32 = 0

    init(_ names: KnownName...) { for name in names { insert(name) } }
    mutating func insert(_ name: KnownName) { bits |= 1 << UInt32(name.rawValue) }
    mutating func formUnion(_ other: KnownNames) { bits |= other.bits }
    func isDisjoint(with other: KnownNames) -> Bool { bits & other.bits == 0 }
    func contains(_ name: KnownName) -> Bool { bits >> UInt32(name.rawValue) & 1 == 1 }
}

// The looks of `HeaderFields` for these names. They are for each head: where no line has the name, that is known at once.
extension HeaderFields {
    /// Whether a line has this name.
    package func contains(_ name: KnownName) -> Bool { names.contains(name) }

    func contains(anyOf some: KnownNames) -> Bool { !names.isDisjoint(with: some) }

    private func index(of name: KnownName, from start: Int = 0) -> Int? {
        guard names.contains(name) else { return nil }
        var index = start
        while index < lines.count {
            if lines[index].known == name { return index }
            index += 1
        }
        return nil
    }

    /// The first value of a name, as text; bytes that are not UTF-8 read as U+FFFD.
    package func first(_ name: KnownName) -> String? { index(of: name).map { text(lines[$0].value) } }

    /// The same as it came; empty without one.
    package func firstBytes(_ name: KnownName) -> ArraySlice<UInt8> {
        index(of: name).map { bytes[lines[$0].value] } ?? []
    }

    /// All values of a name, in order, as text.
    package func all(_ name: KnownName) -> [String] {
        guard names.contains(name) else { return [] }
        return lines.filter { $0.known == name }.map { text($0.value) }
    }

    /// All values of a name, in order, as they came.
    package func values(_ name: KnownName) -> [[UInt8]] {
        guard names.contains(name) else { return [] }
        return lines.filter { $0.known == name }.map { Array(bytes[$0.value]) }
    }

    /// How many lines have this name.
    func count(of name: KnownName) -> Int {
        names.contains(name) ? lines.count { $0.known == name } : 0
    }

    /// How many lines have this name, and the value of one where it is alone.
    func only(_ name: KnownName) -> (count: Int, value: String?) {
        let count = count(of: name)
        return (count, count == 1 ? first(name) : nil)
    }

    /// Whether one line has this name, and this value.
    func isOnly(_ name: KnownName, _ value: Span<UInt8>) -> Bool {
        guard count(of: name) == 1, let index = index(of: name) else { return false }
        return isSame(bytes.span.extracting(lines[index].value), value)
    }

    /// Whether the name's only line has this value, whatever its case.
    func hasOnlyToken(_ name: KnownName, _ token: String) -> Bool {
        guard count(of: name) == 1, let index = index(of: name) else { return false }
        return equalsIgnoringCase(bytes.span.extracting(lines[index].value), token.utf8.span)
    }

    /// Whether a comma-separated field, over all its lines, names this token, whatever its case (RFC 9110, 5.6.1).
    package func hasToken(_ name: KnownName, _ token: String) -> Bool {
        var next = index(of: name)
        while let index = next {
            if line(index, names: token.utf8.span) { return true }
            next = self.index(of: name, from: index + 1)
        }
        return false
    }
}

private func isSame(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    for index in a.indices where a[index] != b[index] { return false }
    return true
}
