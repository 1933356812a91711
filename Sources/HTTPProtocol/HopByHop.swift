/// Fields that belong to one connection and are never passed on (RFC 9110, 7.6.1).
package enum HopByHop {
    private static let names = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    ]

    /// The fields that may go on. What `Connection` names goes too, except what routing and the handshake live by: a
    /// client must not be able to strip those.
    package static func removed(from fields: HeaderFields, keepingFraming: Bool = false) -> HeaderFields {
        var drop = names
        if keepingFraming { drop.removeAll { $0 == "transfer-encoding" || $0 == "trailer" } }
        for token in fields.tokens("connection") {
            let name = token.lowercased()
            if name != "host", !name.hasPrefix("sec-websocket-"), !name.hasPrefix("x-forwarded-"), name != "forwarded" {
                if !(keepingFraming && name == "transfer-encoding") { drop.append(name) }
            }
        }
        var kept = HeaderFields()
        for field in fields.list where !drop.contains(field.name.lowercased()) { kept.append(field.name, field.value) }
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
