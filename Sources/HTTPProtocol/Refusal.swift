/// An answer of our own: a status and one line of plain text. The connection ends with it.
package struct Refusal: Equatable, Sendable {
    /// Why a request is refused for what it says, before anybody is asked to serve it.
    package enum Reason: Equatable, Hashable, Sendable {
        /// RFC 9112: its head.
        case head(HeadError)
        /// RFC 9112: its body.
        case body(BodyError)
        /// An upgrade to WebSocket with a body (RFC 6455, 4.1: the GET has none).
        case upgradeWithBody
        /// RFC 6455, 4.2.1: no `Sec-WebSocket-Key`.
        case missingKey
        /// More than one `Sec-WebSocket-Key`.
        case repeatedKey
        /// Not 16 bytes in base64.
        case badKey
        /// `Sec-WebSocket-Extensions` against the grammar (RFC 6455, 9.1).
        case badExtensions
        /// A `Sec-WebSocket-Version` that isn't 13 (RFC 6455, 4.2.2).
        case badVersion
        /// A plain request for what is a WebSocket (RFC 9110, 15.5.22).
        case upgradeRequired
        /// RFC 9110, 15.5.6. CONNECT and TRACE are for nobody who stands before others.
        case methodNotAllowed
        /// The connection was made for another host (RFC 9110, 15.5.20).
        case misdirected
        /// A CONNECT over HTTP/2 for something else than a WebSocket (RFC 8441, 4).
        case otherProtocol
        /// RFC 9113, 8.3.1: neither `:authority` nor Host.
        case missingAuthority
        /// `:authority` and Host name two hosts.
        case twoAuthorities
        /// `:authority` is no host with an optional port.
        case badAuthority
        /// `:path` is no path.
        case badPath
        /// More than one `content-length`.
        case repeatedLength
        /// A WebSocket's stream that ended with its request (RFC 8441, 5).
        case endedWithRequest
    }

    /// 3xx, 4xx or 5xx.
    package let status: Int
    /// One line, lower case.
    package let text: String
    /// Sent besides the usual ones.
    package let fields: [HeaderFields.Field]

    /// - Parameters:
    ///   - text: one line, lower case.
    ///   - fields: sent besides the usual ones, e.g. `Retry-After`.
    package init(status: Int, text: String, fields: [HeaderFields.Field] = []) {
        self.status = status
        self.text = text
        self.fields = fields
    }

    /// With the fields that say what to do instead.
    package init(_ reason: Reason) {
        self.init(status: reason.status, text: reason.text, fields: reason.fields)
    }

    /// The response in full.
    ///
    /// - Parameter isToHead: whether it answers a HEAD, and has no content (RFC 9110, 9.3.2).
    package func response(isToHead: Bool) -> [UInt8] {
        let response = HTTPResponse(status: status, body: text + "\n", fields: fields)
        return isToHead ? response.encodedHead : response.encoded
    }

    /// The fields of the answer on an HTTP/2 stream, and its body: none that belong to a connection (RFC 9113, 8.2.2).
    ///
    /// - Parameter isToHead: whether it answers a HEAD, and has no content.
    package func streamAnswer(isToHead: Bool) -> (fields: HeaderFields, body: [UInt8]) {
        let body = Array((text + "\n").utf8)
        var all = HeaderFields()
        all.append("content-type", "text/plain; charset=utf-8")
        all.append("content-length", String(body.count))
        for field in fields where !equalsIgnoringCase(field.name, "upgrade") {
            all.append(lowercased(field.name), field.value)
        }
        return (all, isToHead ? [] : body)
    }
}
