/// What a request on an HTTP/2 stream comes to.
package enum OnStreamRequest: Equatable, Sendable {
    /// In the form that routing and forwarding know; a WebSocket is the GET with an upgrade that it would be in
    /// HTTP/1.1.
    case head(RequestHead)
    case refuse(Refusal.Reason)
}

/// A request as HTTP/2 carries it (RFC 9113, 8.3.1; RFC 8441, 4), after the library's own checks: fields in lower case,
/// none that belong to a connection, a body as long as it says.
package struct StreamRequest: Equatable, Sendable {
    private let method: String
    private let scheme: String?
    private let authority: String?
    private let path: String?
    private let protocolName: String?
    private let fields: HeaderFields
    private let endsStream: Bool

    /// - Parameters:
    ///   - fields: without the pseudo-header fields.
    ///   - endsStream: no body follows.
    package init(
        method: String, scheme: String?, authority: String?, path: String?, protocolName: String?,
        fields: HeaderFields,
        endsStream: Bool
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.protocolName = protocolName
        self.fields = fields
        self.endsStream = endsStream
    }

    /// - Parameters:
    ///   - key: for `Sec-WebSocket-Key`, which HTTP/2 does without.
    ///   - limits: the same that hold for HTTP/1.1.
    package func judge(key: @autoclosure () -> String, limits: HeadLimits) -> OnStreamRequest {
        // Cookies come in crumbs, which are one field (RFC 9113, 8.2.3).
        let crumbs = fields.values("cookie")
        if fields.count - max(crumbs.count - 1, 0) > limits.fields {
            return .refuse(.head(.tooManyFields(limit: limits.fields)))
        }
        guard isToken(method) else { return .refuse(.head(.badMethod)) }
        // A plain CONNECT has no path (RFC 9113, 8.5); the names of protocols are compared as those of upgrades are.
        if method == "CONNECT", !equalsIgnoringCase(protocolName ?? "", "websocket") {
            return .refuse(.otherProtocol)
        }
        guard let host else {
            return .refuse(hosts.isEmpty ? .missingAuthority : .twoAuthorities)
        }
        guard isAuthority(host) else { return .refuse(.badAuthority) }
        let target: RequestTarget
        do throws(RequestTargetError) { target = try self.target() } catch {
            return .refuse(error == .malformed ? .badPath : .head(.badPath(error)))
        }
        guard fields.all("content-length").count <= 1 else { return .refuse(.repeatedLength) }
        guard method == "CONNECT" else {
            return .head(RequestHead(method: method, target: target, fields: plain(host)))
        }
        guard !endsStream else { return .refuse(.endedWithRequest) }
        return .head(RequestHead(method: "GET", target: target, fields: upgrade(host, key())))
    }

    /// The asterisk form is for OPTIONS alone (RFC 9113, 8.3.1).
    private func target() throws(RequestTargetError) -> RequestTarget {
        method == "OPTIONS" && path == "*" ? .server : try RequestTarget(text: path ?? "")
    }

    private var hosts: [String] { fields.all("host") }

    /// RFC 9113, 8.3.1: one authority, however often it is named.
    private var host: String? {
        guard let host = authority ?? hosts.first else { return nil }
        let port = equalsIgnoringCase(scheme ?? "", "https") ? "443" : "80"
        return hosts.allSatisfy { isSameAuthority($0, host, defaultPort: port) } ? host : nil
    }

    /// The fields that both kinds have; crumbs of cookies are joined, byte for byte.
    ///
    /// - Parameter names: of those that this kind has not, or has by our own words.
    private func common(_ host: String, without names: [String]) -> HeaderFields {
        var all = HeaderFields()
        all.reserve(bytes: fields.keptBytes &+ 256, lines: fields.count &+ 8)
        all.append(.host, host)
        all.append(
            contentsOf: fields, but: names,
            among: [.host, .credential, .ofConnection, .handshake, .length])
        let crumbs = fields.values("cookie")
        if !crumbs.isEmpty { all.append("Cookie", bytes: Array(crumbs.joined(separator: "; ".utf8))) }
        return all
    }

    private static let rewritten = ["host", "cookie", "upgrade", "connection"]
    private static let rewrittenInUpgrades = rewritten + ["sec-websocket-key", "content-length"]

    private func plain(_ host: String) -> HeaderFields {
        var all = common(host, without: Self.rewritten)
        // A body of unknown length goes in chunks where the next hop needs that.
        if !endsStream, !all.contains("content-length") { all.append("Transfer-Encoding", "chunked") }
        return all
    }

    private func upgrade(_ host: String, _ key: String) -> HeaderFields {
        var all = common(host, without: Self.rewrittenInUpgrades)
        all.append(contentsOf: .upgrade)
        all.append(.key, key)
        // Firefox leaves it out here. There is only one that it could mean.
        if !all.contains("sec-websocket-version") { all.append(.version, "13") }
        return all
    }
}
