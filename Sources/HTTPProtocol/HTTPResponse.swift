/// A whole response of ours. The connection is closed after it unless its head is made otherwise.
package struct HTTPResponse: Equatable, Sendable {
    private let head: ResponseHead
    private let body: String

    /// A response with a body in UTF-8; one of status 204 or 304 has none.
    package init(
        status: Int, body: String, contentType: String = "text/plain; charset=utf-8",
        fields: [HeaderFields.Field] = [], keepsAlive: Bool = false
    ) {
        var all = HeaderFields()
        if Self.hasBody(status) {
            all.append("Content-Type", contentType)
            all.append("Content-Length", String(body.utf8.count))
        }
        for field in fields { all.append(field.name, field.value) }
        // 426 must name the protocol in Upgrade, and an Upgrade field must be named here (RFC 9110, 7.8).
        var options = keepsAlive ? [] : ["close"]
        if all.contains("upgrade") { options.append("Upgrade") }
        if !options.isEmpty { all.append("Connection", options.joined(separator: ", ")) }
        head = ResponseHead(status: status, reason: ReasonPhrase.of(status), fields: all)
        self.body = Self.hasBody(status) ? body : ""
    }

    /// Whether a final response of this status can have a body. One that can't has no length either: a 204 may not tell
    /// one, and that of a 304 would be another response's (RFC 9110, 8.6).
    package static func hasBody(_ status: Int) -> Bool { status != 204 && status != 304 }

    /// The bytes on the wire.
    package var encoded: [UInt8] { head.encoded + body.utf8 }

    /// The bytes of the answer to HEAD.
    package var encodedHead: [UInt8] { head.encoded }
}
