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
    private var fields: HeaderFields
    private let hostStandsFirst: Bool
    private let endsStream: Bool

    /// - Parameters:
    ///   - fields: without the pseudo-header fields.
    ///   - hostStandsFirst: the fields begin with a Host that says what the authority does (`HeaderFields(host:room:lines:)`).
    ///   - endsStream: no body follows.
    package init(
        method: String, scheme: String?, authority: String?, path: String?, protocolName: String?,
        fields: HeaderFields, hostStandsFirst: Bool = false,
        endsStream: Bool
    ) {
        self.hostStandsFirst = hostStandsFirst && authority != nil
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
    package consuming func judge(key: @autoclosure () -> String, limits: HeadLimits) -> OnStreamRequest {
        // Cookies come in crumbs, which are one field (RFC 9113, 8.2.3).
        let count = fields.count - (hostStandsFirst ? 1 : 0)
        if count - max(fields.count(of: .cookie) - 1, 0) > limits.fields {
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
        guard fields.count(of: .length) <= 1 else { return .refuse(.repeatedLength) }
        guard method == "CONNECT" else {
            return .head(RequestHead(method: method, target: target, fields: plain(host)))
        }
        guard !endsStream else { return .refuse(.endedWithRequest) }
        return .head(RequestHead(method: "GET", target: target, fields: (consume self).upgrade(host, key())))
    }

    /// The asterisk form is for OPTIONS alone (RFC 9113, 8.3.1).
    private func target() throws(RequestTargetError) -> RequestTarget {
        method == "OPTIONS" && path == "*" ? .server : try RequestTarget(text: path ?? "")
    }

    private var hosts: [String] { fields.all(.host) }

    /// RFC 9113, 8.3.1: one authority, however often it is named.
    private var host: String? {
        if hostStandsFirst, fields.count(of: .host) == 1 { return authority }
        guard let host = authority ?? hosts.first else { return nil }
        let port = equalsIgnoringCase(scheme ?? "", "https") ? "443" : "80"
        return hosts.allSatisfy { isSameAuthority($0, host, defaultPort: port) } ? host : nil
    }

    /// The fields that both kinds have; crumbs of cookies are joined, byte for byte.
    ///
    /// - Parameter names: of those that this kind has not, or has by our own words.
    private func common(_ host: String, without names: KnownNames) -> HeaderFields {
        var all = HeaderFields()
        all.reserve(bytes: fields.writtenBytes &+ 256, lines: fields.count &+ 8)
        all.append(.host, host)
        all.append(contentsOf: fields, but: names)
        let crumbs = fields.values(.cookie)
        if !crumbs.isEmpty { all.append("Cookie", bytes: Array(crumbs.joined(separator: "; ".utf8))) }
        return all
    }

    private static let rewritten = KnownNames(.host, .cookie, .upgrade, .connection)
    private static let rewrittenBesideHost = KnownNames(.cookie, .upgrade, .connection, .key, .length)
    private static let rewrittenInUpgrades = KnownNames(
        .host, .cookie, .upgrade, .connection, .key, .length)

    private func plain(_ host: String) -> HeaderFields {
        var all = common(host, without: Self.rewritten)
        // A body of unknown length goes in chunks where the next hop needs that.
        if !endsStream, !all.contains(.length) { all.append("Transfer-Encoding", "chunked") }
        return all
    }

    /// Consumes: mostly what came stays where it is, and our own lines are added to it.
    private consuming func upgrade(_ host: String, _ key: String) -> HeaderFields {
        var own = consume self
        guard own.stays else { return own.rewritten(host, key) }
        own.fields.addUpgrade(key)
        return own.fields
    }

    /// Whether the fields are in their place already.
    private var stays: Bool {
        hostStandsFirst && fields.count(of: .host) == 1 && !fields.contains(anyOf: Self.rewrittenBesideHost)
    }

    private func rewritten(_ host: String, _ key: String) -> HeaderFields {
        var all = common(host, without: Self.rewrittenInUpgrades)
        all.addUpgrade(key)
        return all
    }
}

extension HeaderFields {
    /// Begins with a Host, where there is one; others are to follow.
    ///
    /// - Parameters:
    ///   - room: bytes of those.
    ///   - lines: how many they are.
    package init(host: String?, room: Int, lines: Int) {
        self.init()
        reserve(bytes: room &+ (host?.utf8.count ?? 0) &+ 160, lines: lines &+ 6)
        if let host { append(.host, host) }
    }

    fileprivate mutating func addUpgrade(_ key: String) {
        append(contentsOf: .upgrade)
        append(.key, key)
        // Firefox leaves it out here. There is only one that it could mean.
        if !contains(.version) { append(.version, "13") }
    }
}
