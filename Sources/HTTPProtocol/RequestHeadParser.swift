/// Parses a request head as it comes (RFC 9112, 3). Strict: what could be read in two ways is refused.
///
/// Keeps nothing of a head that it has handed out. After an error it is not fed again.
package struct RequestHeadParser: Sendable {
    private let limits: HeadLimits
    private var lines: HeadLines<RequestLine>

    /// At the beginning of a request.
    package init(limits: HeadLimits) {
        self.limits = limits
        lines = HeadLines(limits)
    }

    /// Whether no byte has come yet.
    package var isEmpty: Bool { lines.isEmpty }

    /// Takes bytes. Returns the head, and how many of these bytes belonged to it, when it is complete; nil when more is
    /// needed.
    package mutating func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (RequestHead, Int)? {
        guard let used = try lines.accept(bytes) else { return nil }
        let complete = lines
        lines = HeadLines(limits)
        return (try head(complete.first, complete.fields), used)
    }

    private func head(_ line: RequestLine, _ fields: HeaderFields) throws(HeadError) -> RequestHead {
        let host = try checkHost(fields, line.minorVersion)
        let target = try originForm(String(decoding: line.target, as: UTF8.self), host: host)
        let framing = try BodyFraming(fields)
        // 6.1: a Transfer-Encoding in HTTP/1.0 means faulty framing.
        if framing == .chunked, line.minorVersion == 0 { throw .badTransferEncoding }
        return RequestHead(
            method: String(decoding: line.method, as: UTF8.self), target: target,
            minorVersion: line.minorVersion,
            fields: fields)
    }

    /// 3.2: exactly one Host in HTTP/1.1.
    private func checkHost(_ fields: HeaderFields, _ minor: Int) throws(HeadError) -> String? {
        let hosts = fields.all("host")
        guard hosts.count <= 1 else { throw .duplicateHost }
        guard let host = hosts.first else {
            if minor == 1 { throw .missingHost }
            return nil
        }
        guard isAuthority(host) else { throw .badHost }
        return host
    }

    /// Origin form as it is; absolute form (3.2.2) when its authority is the Host; nothing else.
    private func originForm(_ target: String, host: String?) throws(HeadError) -> String {
        if target.hasPrefix("/") { return target }
        for scheme in ["http://", "https://", "ws://", "wss://"] where lowercased(target).hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard let host, equalsIgnoringCase(String(authority), host) else { throw .hostMismatch }
            let path = String(rest.dropFirst(authority.count))
            return path.hasPrefix("/") ? path : "/" + path
        }
        throw .badTarget
    }
}

/// A host with an optional port (RFC 3986, 3.2.2). No comma: it could be two hosts in one line.
func isAuthority(_ host: String) -> Bool {
    let bytes = Array(host.utf8)
    let isBracketed = bytes.first == 91
    guard
        let end = isBracketed
            ? bytes.firstIndex(of: 93).map({ $0 + 1 }) : bytes.firstIndex(of: 58) ?? bytes.count
    else { return false }
    let name = isBracketed ? bytes[1..<(end - 1)] : bytes[..<end]
    let isName = name.allSatisfy { byte in
        switch byte {
        case 48...57, 65...90, 97...122, 33, 36, 37, 38, 39, 40, 41, 42, 43, 45, 46, 59, 61, 95, 126: true
        default: isBracketed && byte == 58
        }
    }
    let port = bytes[end...]
    return isName && (port.isEmpty || (port.first == 58 && port.dropFirst().allSatisfy(isDigit)))
}
