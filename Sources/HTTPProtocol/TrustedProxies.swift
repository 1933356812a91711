/// Whom we believe what they say of their clients.
package struct TrustedProxies: Equatable, Sendable {
    /// Where they are.
    package let ranges: [AddressRange]
    /// Whoever comes over a Unix socket is believed.
    package let trustsUnixSockets: Bool

    /// Nobody.
    package init() { self.init(ranges: [], trustsUnixSockets: false) }

    /// - Parameter trustsUnixSockets: whoever comes over one is believed.
    package init(ranges: [AddressRange], trustsUnixSockets: Bool) {
        self.ranges = ranges
        self.trustsUnixSockets = trustsUnixSockets
    }

    /// Whether nobody is believed.
    package var isEmpty: Bool { ranges.isEmpty && !trustsUnixSockets }

    /// - Parameter address: without a port; `unix:` for a Unix socket.
    package func contains(_ address: String) -> Bool {
        if isEmpty { return false }
        guard !address.hasPrefix("unix:") else { return trustsUnixSockets }
        guard let bytes = AddressRange.bytes(address[...]) else { return false }
        return ranges.contains { $0.contains(bytes) }
    }

    /// The first address that is not trusted, from a trusted peer on: each proxy adds the one that it was asked by at the
    /// end. Where nobody says who came before, it is the last one known.
    func client(of fields: HeaderFields, from peer: String) -> String {
        var client = peer
        for node in nodes(fields).reversed() {
            guard let node, let address = Self.address(node) else { break }
            client = address
            if !contains(address) { break }
        }
        return client
    }

    /// X-Forwarded-For, which nearly all send; who sends the other alone means it.
    private func nodes(_ fields: HeaderFields) -> [String?] {
        let named = fields.tokens("x-forwarded-for")
        return named.isEmpty ? ForwardedElements.nodes(fields.all("forwarded")) ?? [] : named
    }

    /// An address of these fields (RFC 7239, 6): with or without a port, an IPv6 one with or without brackets.
    private static func address(_ text: String) -> String? {
        var host = text[...]
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let rest = host[host.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            host = host[host.index(after: host.startIndex)..<end]
        } else if let colon = host.firstIndex(of: ":"),
            host[host.index(after: colon)...].firstIndex(of: ":") == nil
        {
            host = host[..<colon]
        }
        guard let bytes = AddressRange.bytes(host) else { return nil }
        // One spelling for one client: limits and hashes go by it.
        return bytes.count == 4 ? bytes.map { String($0) }.joined(separator: ".") : lowercased(host)
    }
}

/// Who asks, as far as is believed. Judging a head is the only way to make one anew, and takes from the head what its sender
/// has no right to say.
package struct KnownClient: Equatable, Sendable {
    /// The client's, without a port: of the connection, or what a trusted peer says. `unix:` for a Unix socket.
    package let address: String
    /// The connection's.
    let peer: String
    /// What the peer says of its client is believed.
    package let isBelieved: Bool
    /// The client came to the trusted peer over TLS.
    package let cameSecurely: Bool

    /// Judges what a request says of its sender.
    ///
    /// - Parameter peer: the address of its connection.
    package init(
        judging head: inout RequestHead, from peer: String, trusting proxies: TrustedProxies,
        underscores: UnderscoreFields
    ) {
        let isBelieved = proxies.contains(peer)
        self.peer = peer
        self.isBelieved = isBelieved
        let candidates: FieldTraits =
            underscores == .drop ? [.identity, .entrance, .underscored] : .claims
        head.fields.remove(among: candidates) { field in
            if underscores == .drop, field.contains(.underscored) { return true }
            guard !field.isDisjoint(with: .claims) else { return false }
            // Who is believed spells them as they are spelled.
            return !isBelieved || field.contains(.respelled)
        }
        address = isBelieved ? proxies.client(of: head.fields, from: peer) : peer
        let schemes = isBelieved ? head.fields.tokens("x-forwarded-proto") : []
        cameSecurely = schemes.first.map { ["https", "wss"].contains(lowercased($0)) } ?? false
    }

    /// One that was judged before, and kept.
    init(kept address: String, peer: String, isBelieved: Bool, cameSecurely: Bool) {
        self.address = address
        self.peer = peer
        self.isBelieved = isBelieved
        self.cameSecurely = cameSecurely
    }

    /// Whether a PROXY protocol header counts: where nobody is named, whoever reaches a listener that asks for headers
    /// is meant to send them.
    package static func believesProxyHeader(from peer: String, _ proxies: TrustedProxies) -> Bool {
        proxies.isEmpty || proxies.contains(peer)
    }
}
