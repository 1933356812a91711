internal import HTTPProtocol

/// An answer that a route gives by itself.
struct RouteResponse {
    /// The route's name.
    let route: String
    let status: Int
    let body: String
    let contentType: String
    /// The body's.
    let bytes: [UInt8]
    /// Sent besides the usual ones.
    var fields: [HeaderFields.Field] = []

    func encoded(for head: RequestHead, keepsAlive: Bool) -> [UInt8] {
        let response = HTTPResponse(
            status: status, body: body, contentType: contentType, fields: fields, keepsAlive: keepsAlive)
        return head.method == "HEAD" ? response.encodedHead : response.encoded
    }
}
