/// Fields that belong to one connection and are never passed on (RFC 9110, 7.6.1).
package enum HopByHop {
    private static let names: Set<String> = [
        "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
    ]
    /// What delimits a body that is passed on as it comes.
    private static let framing: Set<String> = ["transfer-encoding", "trailer", "content-length"]

    /// The fields that may go on. What `Connection` names goes too, except what routing and the handshake live by: a
    /// client must not be able to strip those.
    ///
    /// - Parameter keepingFraming: the body follows unchanged, so what delimits it stays.
    package static func removed(from fields: HeaderFields, keepingFraming: Bool = false) -> HeaderFields {
        var drop = names
        for token in fields.tokens("connection") {
            let name = lowercased(token)
            if !isProtected(name) { drop.insert(name) }
        }
        if keepingFraming { drop.subtract(framing) }
        var kept = fields
        kept.removeAll { drop.contains($0) || $0.hasPrefix("proxy-") }
        return kept
    }

    private static func isProtected(_ name: String) -> Bool {
        switch name {
        case "host", "forwarded", "x-request-id": true
        default: name.hasPrefix("sec-websocket-") || name.hasPrefix("x-forwarded-")
        }
    }

    /// The fields that go end to end through an upgrade: neither the connection's nor the handshake's own.
    static func applicationFields(of fields: HeaderFields) -> HeaderFields {
        var kept = removed(from: fields)
        kept.removeAll { $0.hasPrefix("sec-websocket-") || $0 == "content-length" }
        return kept
    }
}

extension ResponseHead {
    /// A backend's own refusal as the client gets it: unchanged, but for what belongs to the connection.
    package var forwardedAsRefusal: [UInt8] {
        var fields = HopByHop.removed(from: self.fields, keepingFraming: true)
        fields.append("Connection", "close")
        return ResponseHead(status: status, reason: reason, fields: fields).encoded
    }
}
