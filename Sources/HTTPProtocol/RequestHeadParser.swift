/// Parses a request head as it comes (RFC 9112, 3). Strict: what could be read in two ways is refused.
package struct RequestHeadParser {
    private var lines: HeadLines

    /// At the beginning of a request.
    package init(limits: HeadLimits) { lines = HeadLines(limits) }

    /// Whether no byte has come yet.
    package var isEmpty: Bool { lines.isEmpty }

    /// Takes bytes. Returns the head, and how many of these bytes belonged to it, when it is complete.
    package mutating func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (RequestHead, Int)? {
        // A first byte that begins no method is told at once: a client that speaks something else never ends a line.
        if lines.isEmpty, bytes.count > 0, bytes[0] != 13, !isTokenByte(bytes[0]) { throw .badMethod }
        guard let used = try lines.accept(bytes) else { return nil }
        return (try head(), used)
    }

    private func head() throws(HeadError) -> RequestHead {
        guard let first = lines.lines.first else { throw .badRequestLine }
        let parts = first.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .badRequestLine }
        guard isToken(parts[0]) else { throw .badMethod }
        let minor: Int
        switch parts[2] {
        case "HTTP/1.1": minor = 1
        case "HTTP/1.0": minor = 0
        default: throw parts[2].hasPrefix("HTTP/") ? .badVersion : .badRequestLine
        }
        let fields = try lines.fields()
        let host = try checkHost(fields, minor)
        let target = try originForm(String(parts[1]), host: host)
        _ = try BodyFraming(fields)
        return RequestHead(method: String(parts[0]), target: target, minorVersion: minor, fields: fields)
    }

    /// RFC 9112, 3.2: exactly one Host in HTTP/1.1.
    private func checkHost(_ fields: HeaderFields, _ minor: Int) throws(HeadError) -> String? {
        let hosts = fields.all("host")
        guard hosts.count <= 1 else { throw .duplicateHost }
        guard let host = hosts.first else {
            if minor == 1 { throw .missingHost }
            return nil
        }
        guard host.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 47 && $0 != 64 && $0 != 35 && $0 != 63 }) else {
            throw .badFieldValue
        }
        return host
    }

    /// Origin form as it is; absolute form (3.2.2) when its authority is the Host; nothing else.
    private func originForm(_ target: String, host: String?) throws(HeadError) -> String {
        guard target.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 35 }) else { throw .badTarget }
        if target.hasPrefix("/") { return target }
        for scheme in ["http://", "https://", "ws://", "wss://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard let host, equalsIgnoringCase(String(authority), host) else { throw .hostMismatch }
            let path = String(rest.dropFirst(authority.count))
            return path.hasPrefix("/") ? path : "/" + path
        }
        throw .badTarget
    }
}

/// How a message's body is delimited (RFC 9112, 6.3): in one way or not at all.
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked

    /// From a request's fields; anything ambiguous is an error.
    package init(_ fields: HeaderFields) throws(HeadError) {
        let lengths = fields.all("content-length")
        let encodings = fields.all("transfer-encoding")
        guard encodings.isEmpty || lengths.isEmpty else { throw .conflictingLengths }
        if !encodings.isEmpty {
            guard encodings.count == 1, equalsIgnoringCase(encodings[0], "chunked") else { throw .badTransferEncoding }
            self = .chunked
        } else if let text = lengths.first {
            guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(text)
            else { throw .badContentLength }
            self = .length(length)
        } else {
            self = .none
        }
    }
}

/// Parses a response head as it comes (RFC 9112, 4).
package struct ResponseHeadParser {
    private var lines: HeadLines

    /// At the beginning of a response.
    package init(limits: HeadLimits) { lines = HeadLines(limits) }

    /// Takes bytes. Returns the head, and how many of these bytes belonged to it, when it is complete.
    package mutating func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (ResponseHead, Int)? {
        guard let used = try lines.accept(bytes) else { return nil }
        guard let first = lines.lines.first, first.hasPrefix("HTTP/1.1 ") || first.hasPrefix("HTTP/1.0 ") else {
            throw .badStatusLine
        }
        let rest = first.dropFirst(9)
        guard rest.utf8.count >= 3, let status = Int(rest.prefix(3)), (100...599).contains(status),
            rest.utf8.count == 3 || rest.dropFirst(3).first == " "
        else { throw .badStatusLine }
        let head = ResponseHead(status: status, reason: String(rest.dropFirst(4)), fields: try lines.fields())
        return (head, used)
    }
}
