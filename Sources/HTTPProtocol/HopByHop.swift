/// Fields that belong to one connection and are never passed on (RFC 9110, 7.6.1).
package enum HopByHop {
    private static let names: Set<String> = [
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        "proxy-connection",
    ]

    /// Whether a field of this name, in lower case, says something of one connection, whatever `Connection` names. HTTP/2
    /// has no place for it (RFC 9113, 8.2.2).
    package static func isOfConnection(_ name: String) -> Bool { names.contains(name) }

    /// Fields that decide on framing, routing or rights, which a trailer comes too late for (RFC 9110, 6.5.1).
    private static let notInTrailers: Set<String> = [
        "content-length", "host", "set-cookie", "expect", "range", "content-type", "content-encoding",
        "content-range", "cache-control", "max-forwards", "x-request-id",
    ]

    /// The fields that may go on. What `Connection` names goes too, except what routing and the handshake live by: a
    /// client must not be able to strip those.
    package static func removed(from fields: HeaderFields) -> HeaderFields {
        let named = named(by: fields)
        var kept = fields
        kept.removeAll { isHopByHop($0, named) }
        return kept
    }

    /// A set: the list is as long as a peer likes, and asked about each field.
    private static func named(by fields: HeaderFields) -> Set<String> {
        var named: Set<String> = []
        fields.forEachMember(of: "connection") { member in
            let name = lowercasedText(member)
            // A name said again costs a look, no more.
            if !named.contains(name), !isProtected(name) { named.insert(name) }
        }
        return named
    }

    private static func isHopByHop(_ name: String, _ named: Set<String>) -> Bool {
        names.contains(name) || name.hasPrefix("proxy-") || named.contains(name)
    }

    private static func isProtected(_ name: String) -> Bool {
        switch name {
        case "host", "x-request-id": true
        default: name.hasPrefix("sec-websocket-") || ClientFields.isClaim(name)
        }
    }

    /// The trailer fields that may go on: nothing that says who a client is, whoever sends it.
    package static func allowedTrailers(
        _ fields: HeaderFields, underscores: UnderscoreFields = .pass
    ) -> HeaderFields {
        guard fields.count > 0 else { return fields }
        var kept = removed(from: fields)
        kept.removeAll { name in
            if underscores == .drop, name.utf8.contains(95) { return true }
            let canonical = ClientFields.canonical(name)
            return notInTrailers.contains(canonical) || names.contains(canonical)
                || canonical.hasPrefix("proxy-") || canonical.hasPrefix("sec-websocket-")
                || ClientFields.kind(of: name) != nil
        }
        return kept
    }

    /// The fields that go end to end through an upgrade: neither the connection's nor the handshake's own.
    package static func applicationFields(of fields: HeaderFields) -> HeaderFields {
        let named = named(by: fields)
        var kept = fields
        kept.removeAll { isHopByHop($0, named) || $0.hasPrefix("sec-websocket-") || $0 == "content-length" }
        return kept
    }
}
