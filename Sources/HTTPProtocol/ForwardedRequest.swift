extension RequestHead {
    /// The head as a backend gets it: end-to-end fields, what is known of the client, and one framing, written anew.
    ///
    /// - Parameters:
    ///   - target: path and query for the backend.
    ///   - host: sent when an HTTP/1.0 client named none.
    package func forwarded(
        target: RequestTarget, forwarding: Forwarding, framing: BodyFraming, fallbackHost host: String
    ) -> RequestHead {
        var fields = HopByHop.removed(from: self.fields)
        fields.remove("content-length")
        // HTTP/1.0 knows neither (RFC 9110, 10.1.1).
        if minorVersion == 0 { fields.remove("expect") }
        if !fields.contains(.host) { fields.append("Host", host) }
        forwarding.apply(to: &fields)
        // RFC 9110, 6.5.1: who wants trailers must be heard of by the backend, over each connection anew.
        if minorVersion > 0, self.fields.hasToken(.te, "trailers") {
            fields.append("TE", "trailers")
            fields.append("Connection", "TE")
        }
        switch framing {
        case .none, .untilEnd: break
        case .length(let length): fields.append("Content-Length", String(length))
        case .chunked:
            fields.append("Trailer", from: self.fields)
            fields.append("Transfer-Encoding", "chunked")
        }
        return RequestHead(method: method, target: target, fields: fields)
    }

    /// Whether the client's connection may serve another request (RFC 9112, 9.3).
    package var keepsAlive: Bool {
        if fields.hasToken(.connection, "close") { return false }
        return minorVersion > 0 || fields.hasToken(.connection, "keep-alive")
    }

    /// Whether asking twice does no more than asking once (RFC 9110, 9.2.2).
    package var isIdempotent: Bool {
        ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].contains(method)
    }
}
