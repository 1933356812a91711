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

    /// The response in full.
    package var response: [UInt8] {
        HTTPResponse(status: status, body: reason + "\n", fields: fields).encoded
    }
}
