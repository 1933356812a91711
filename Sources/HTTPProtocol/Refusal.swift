/// An answer of our own: a status and one line of plain text. The connection ends with it.
package struct Refusal: Equatable, Sendable {
    package let status: Int
    package let reason: String
    private let fields: [HeaderFields.Field]

    /// - Parameter fields: sent besides the usual ones, e.g. `Retry-After`.
    package init(status: Int, reason: String, fields: [HeaderFields.Field] = []) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// The response in full.
    package var response: [UInt8] {
        HTTPResponse(status: status, body: reason + "\n", contentType: "text/plain; charset=utf-8", fields: fields).encoded
    }
}

/// A whole response of ours, after which the connection is closed.
package struct HTTPResponse: Equatable, Sendable {
    private let head: ResponseHead
    private let body: String

    /// A response with a body in UTF-8.
    package init(status: Int, body: String, contentType: String, fields: [HeaderFields.Field] = []) {
        var all = HeaderFields()
        all.append("Content-Type", contentType)
        all.append("Content-Length", String(body.utf8.count))
        for field in fields { all.append(field.name, field.value) }
        // 426 must name the protocol in Upgrade, and an Upgrade field must be named here (RFC 9110, 7.8).
        all.append("Connection", all.contains("upgrade") ? "close, Upgrade" : "close")
        head = ResponseHead(status: status, reason: ReasonPhrase.of(status), fields: all)
        self.body = body
    }

    /// The bytes on the wire.
    package var encoded: [UInt8] { head.encoded + Array(body.utf8) }

    /// The bytes of the answer to HEAD.
    package var encodedHead: [UInt8] { head.encoded }
}

/// The usual words for a status (RFC 9110, 15).
package enum ReasonPhrase {
    private static let known: [Int: String] = [
        101: "Switching Protocols", 200: "OK", 204: "No Content", 301: "Moved Permanently", 302: "Found",
        304: "Not Modified", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 410: "Gone", 413: "Content Too Large",
        421: "Misdirected Request", 426: "Upgrade Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]

    /// Empty for a status without a usual word.
    package static func of(_ status: Int) -> String { known[status] ?? "" }
}
