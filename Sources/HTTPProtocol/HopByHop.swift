internal import ASCII

/// Fields that belong to one connection and are never passed on (RFC 9110, 7.6.1).
package enum HopByHop {
    private static let names = [
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        "proxy-connection",
    ]

    static let traits: [(String, FieldTraits)] =
        names.map { ($0, [.ofConnection, .ofHop]) } + [("host", .host), ("content-length", .length)]

    /// Whether a field of this name says something of one connection, whatever `Connection` names. HTTP/2 has no place for
    /// it (RFC 9113, 8.2.2).
    package static func isOfConnection(_ name: String) -> Bool {
        FieldTraits(of: name.utf8.span).contains(.ofConnection)
    }

    /// Hands out the lines that HTTP/2 has a place for, in their order; `host` says whether `Host` is one of them.
    package static func forEachInHTTP2(
        _ fields: HeaderFields, host: Bool,
        _ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void
    ) {
        fields.forEach(but: host ? .ofConnection : [.ofConnection, .host], body)
    }

    /// Fields that decide on framing, routing or rights, which a trailer comes too late for (RFC 9110, 6.5.1).
    private static let notInTrailers: Set<String> = [
        "content-length", "host", "set-cookie", "expect", "range", "content-type", "content-encoding",
        "content-range", "cache-control", "max-forwards", "x-request-id",
    ]

    /// The fields that may go on. What `Connection` names goes too, except what routing and the handshake live by: a
    /// client must not be able to strip those.
    package static func removed(from fields: HeaderFields) -> HeaderFields { kept(of: fields, but: .ofHop) }

    private static func kept(of fields: HeaderFields, but traits: FieldTraits) -> HeaderFields {
        var kept = fields
        kept.remove(among: traits) { !$0.isDisjoint(with: traits) }
        if !fields.hasOnlyToken(.connection, "upgrade") { remove(named(by: fields), from: &kept) }
        return kept
    }

    private static func remove(_ named: Set<String>, from fields: inout HeaderFields) {
        if !named.isEmpty { fields.removeAll { named.contains($0) } }
    }

    /// A set: the list is as long as a peer likes, and asked about each field. What goes anyway is not in it.
    private static func named(by fields: HeaderFields) -> Set<String> {
        var named: Set<String> = []
        guard fields.contains(.connection) else { return named }
        fields.forEachMember(of: "connection") { member in
            // Mostly it is that.
            guard !equalsIgnoringCase(member.span, "upgrade".utf8.span) else { return }
            let traits = FieldTraits(of: member.span)
            guard traits.isDisjoint(with: anyway), !isProtected(traits) else { return }
            let name = lowercasedText(member)
            // A name said again costs a look, no more.
            if !named.contains(name) { named.insert(name) }
        }
        return named
    }

    /// What is removed whoever names it.
    private static let anyway: FieldTraits = .ofHop
    private static let protected: FieldTraits = [.host, .requestID, .handshake, .identity, .entrance]

    private static func isProtected(_ traits: FieldTraits) -> Bool { !traits.isDisjoint(with: protected) }

    /// The trailer fields that may go on: nothing that says who a client is, whoever sends it.
    package static func allowedTrailers(
        _ fields: HeaderFields, underscores: UnderscoreFields = .pass
    ) -> HeaderFields {
        guard fields.count > 0 else { return fields }
        var kept = removed(from: fields)
        kept.removeAll { name in
            if underscores == .drop, name.utf8.contains(.underscore) { return true }
            let canonical = ClientFields.canonical(name)
            return notInTrailers.contains(canonical) || isOfConnection(canonical)
                || canonical.hasPrefix("proxy-") || canonical.hasPrefix("sec-websocket-")
                || ClientFields.kind(of: name) != nil
        }
        return kept
    }

    /// The fields that go end to end through an upgrade: neither the connection's nor the handshake's own.
    package static func applicationFields(of fields: HeaderFields) -> HeaderFields {
        kept(of: fields, but: ofHandshake)
    }

    /// The same, in a set with room for what a handshake adds.
    static func handshakeFields(of fields: HeaderFields) -> HeaderFields {
        var kept = HeaderFields()
        kept.reserve(bytes: fields.writtenBytes &+ 512, lines: fields.count &+ 16)
        kept.append(contentsOf: fields, but: ofHandshake)
        remove(named(by: fields), from: &kept)
        return kept
    }

    private static let ofHandshake: FieldTraits = [.ofHop, .handshake, .length]
}
