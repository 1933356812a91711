/// An answer of our own: a status and one line of plain text. The connection ends with it.
package struct Refusal: Equatable, Sendable {
    /// 4xx or 5xx.
    package let status: Int
    /// One line, lower case.
    package let reason: String
    /// Sent besides the usual ones.
    package let fields: [HeaderFields.Field]

    /// - Parameter fields: sent besides the usual ones, e.g. `Retry-After`.
    package init(status: Int, reason: String, fields: [HeaderFields.Field] = []) {
        self.status = status
        self.reason = reason
        self.fields = fields
    }

    /// RFC 9110, 15.5.6: with what is allowed. CONNECT and TRACE are for nobody who stands before others.
    package static var methodNotAllowed: Refusal {
        Refusal(
            status: 405, reason: "method is not allowed here",
            fields: [.init("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")])
    }

    /// RFC 9110, 15.5.20: the client may ask again over another connection.
    package static var misdirected: Refusal {
        Refusal(status: 421, reason: "this connection was made for another host")
    }

    /// The response in full.
    package var response: [UInt8] {
        HTTPResponse(status: status, body: reason + "\n", fields: fields).encoded
    }
}
