/// The head of a request (RFC 9112, 3).
package struct RequestHead: Equatable, Sendable {
    package var method: String
    /// As it stood in the request line.
    package var target: String
    /// 0 or 1, of HTTP/1.x.
    package var minorVersion: Int
    package var fields: HeaderFields

    /// A head from its parts.
    package init(method: String, target: String, minorVersion: Int = 1, fields: HeaderFields) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// The bytes on the wire.
    package var encoded: [UInt8] {
        var bytes = Array("\(method) \(target) HTTP/1.\(minorVersion)\r\n".utf8)
        fields.write(to: &bytes)
        return bytes + [13, 10]
    }
}

/// The head of a response (RFC 9112, 4).
package struct ResponseHead: Equatable, Sendable {
    package var status: Int
    package var reason: String
    package var fields: HeaderFields

    /// A head from its parts.
    package init(status: Int, reason: String, fields: HeaderFields) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// The bytes on the wire.
    package var encoded: [UInt8] {
        var bytes = Array("HTTP/1.1 \(status) \(reason)\r\n".utf8)
        fields.write(to: &bytes)
        return bytes + [13, 10]
    }
}
