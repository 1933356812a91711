/// How a response's body goes to a client.
package enum ResponseEncoding: Equatable, Sendable {
    /// No body follows.
    case none
    /// Bytes as they are; their number is known, or the connection's end ends them.
    case plain
    /// In chunks.
    case chunked
}

/// A backend's response as a client gets it: end-to-end fields and one framing, written anew.
package struct ForwardedResponse: Equatable, Sendable {
    /// For the client.
    package let head: ResponseHead
    /// For the body.
    package let encoding: ResponseEncoding
    /// Whether the connection stays open for another request.
    package let keepsAlive: Bool

    /// - Parameters:
    ///   - framing: how the backend delimits the body.
    ///   - request: what the client asked.
    ///   - mayKeepAlive: false when the connection is to end for other reasons than the request's.
    package init(
        _ response: ResponseHead, framing: BodyFraming, to request: RequestHead, mayKeepAlive: Bool
    ) {
        var fields = HopByHop.removed(from: response.fields)
        let length = response.fields.first(.length)
        fields.remove("content-length")
        let isModern = request.minorVersion > 0
        var keepsAlive = mayKeepAlive && request.keepsAlive
        switch framing {
        case .none:
            encoding = .none
            // What a GET would have brought (RFC 9110, 8.6); a 204 has no length.
            if let length, response.status == 304 || (request.method == "HEAD" && response.status != 204) {
                fields.append("Content-Length", length)
            }
        case .length(let length):
            encoding = .plain
            fields.append("Content-Length", String(length))
        case .chunked, .untilEnd:
            encoding = isModern ? .chunked : .plain
            if isModern {
                fields.append("Trailer", from: response.fields)
                fields.append("Transfer-Encoding", "chunked")
            } else {
                keepsAlive = false
            }
        }
        var options: [String] = []
        if !keepsAlive { options.append("close") } else if !isModern { options.append("keep-alive") }
        // 426 says what to upgrade to, and whoever sends Upgrade names it here (RFC 9110, 7.8).
        if response.status == 426, response.fields.contains(.upgrade) {
            fields.append("Upgrade", from: response.fields)
            options.append("Upgrade")
        }
        if !options.isEmpty { fields.append("Connection", options.joined(separator: ", ")) }
        head = ResponseHead(status: response.status, reason: response.reason, fields: fields)
        self.keepsAlive = keepsAlive
    }
}

extension ResponseHead {
    /// Whether the backend's connection may carry another request (RFC 9112, 9.3).
    package var keepsAlive: Bool {
        if fields.hasToken(.connection, "close") { return false }
        return minorVersion > 0 || fields.hasToken(.connection, "keep-alive")
    }

    /// An interim response (RFC 9110, 15.2) as a client gets it.
    package var forwardedInterim: ResponseHead {
        var fields = HopByHop.removed(from: self.fields)
        fields.remove("content-length")
        return ResponseHead(status: status, reason: reason, fields: fields)
    }
}
