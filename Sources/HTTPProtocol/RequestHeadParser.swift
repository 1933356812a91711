internal import ASCII

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

    /// Bytes of a head that is not complete.
    package var keptBytes: Int { lines.keptBytes }

    /// Takes bytes. Returns the head, and how many of these bytes belonged to it, when it is complete; nil when more is
    /// needed.
    package mutating func feed(_ bytes: Span<UInt8>) throws(HeadError) -> (RequestHead, Int)? {
        guard let used = try lines.accept(bytes) else { return nil }
        let complete = lines
        lines = HeadLines(limits)
        return (try head(complete.first, complete.fields), used)
    }

    private func head(_ line: RequestLine, _ fields: HeaderFields) throws(HeadError) -> RequestHead {
        try checkHost(fields, line.minorVersion)
        var fields = fields
        if line.target.first != .slash, line.method.elementsEqual("CONNECT".utf8) { throw .tunnel }
        let target = try target(
            line.target, mayBeServer: line.method.elementsEqual("OPTIONS".utf8), &fields)
        let framing = try BodyFraming(fields)
        // 6.1: a Transfer-Encoding in HTTP/1.0 means faulty framing.
        if framing == .chunked, line.minorVersion == 0 { throw .badTransferEncoding }
        return RequestHead(
            method: String(decoding: line.method, as: UTF8.self), target: target,
            minorVersion: line.minorVersion,
            fields: fields)
    }

    /// 3.2: exactly one Host in HTTP/1.1.
    private func checkHost(_ fields: HeaderFields, _ minor: Int) throws(HeadError) {
        let (count, host) = fields.only(.host)
        guard count <= 1 else { throw .duplicateHost }
        guard let host else {
            if minor == 1 { throw .missingHost }
            return
        }
        guard isAuthority(host) else { throw .badHost }
    }

    private func target(
        _ bytes: [UInt8], mayBeServer: Bool, _ fields: inout HeaderFields
    ) throws(HeadError) -> RequestTarget {
        if mayBeServer, bytes.elementsEqual("*".utf8) { return .server }
        let isOrigin = bytes.first == .slash
        let origin = isOrigin ? bytes : try originForm(String(decoding: bytes, as: UTF8.self), &fields)
        // 3.2.4: an absolute form without a path asks the server, too.
        if mayBeServer, origin.isEmpty { return .server }
        if origin.isEmpty { return .root }
        do throws(RequestTargetError) { return try RequestTarget(origin.span) } catch {
            throw .badPath(error)
        }
    }

    /// Of absolute form (3.2.2): its authority takes the place of the Host, whatever that says, so
    /// that routing and the backend go by the same. Nothing else.
    private func originForm(_ target: String, _ fields: inout HeaderFields) throws(HeadError) -> [UInt8] {
        for scheme in ["http://", "https://", "ws://", "wss://"] where lowercased(target).hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            let authority = String(rest.prefix { $0 != "/" && $0 != "?" })
            guard !authority.isEmpty, isAuthority(authority) else { throw .badTarget }
            fields.remove("host")
            fields.append("Host", authority)
            let path = String(rest.dropFirst(authority.count))
            return path.isEmpty ? [] : Array((path.hasPrefix("/") ? path : "/" + path).utf8)
        }
        throw .badTarget
    }
}
