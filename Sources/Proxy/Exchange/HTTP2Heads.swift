internal import HTTP2Protocol
internal import HTTPProtocol

// Heads as HTTP/2 carries them (RFC 9113, 8.3), from and to the form that routing and forwarding know.

extension RequestHead {
    /// The head for a backend. An extended CONNECT (RFC 8441, 4) when the method is CONNECT.
    func http2(scheme: String) -> HTTP2RequestHead {
        var head = HTTP2RequestHead(
            method: method, scheme: scheme, authority: fields.first(.host) ?? "", path: target.text,
            protocolName: method == "CONNECT" ? "websocket" : nil)
        // Host is `:authority` here.
        HopByHop.forEachInHTTP2(fields, host: false) { name, value in head.fields.append(name, value) }
        // All that TE may say here (8.2.2).
        if fields.hasToken(.te, "trailers") { head.fields.append("te", "trailers") }
        return head
    }
}

extension ResponseHead {
    /// A backend's answer.
    init(_ head: HTTP2ResponseHead) {
        self.init(
            status: head.status, reason: ReasonPhrase.of(head.status), fields: HeaderFields(head.fields))
    }
}

extension HeaderFields {
    init(_ fields: HTTP2Fields) { self.init(fields, host: nil) }

    /// - Parameter host: stands before all others; nil = nothing does.
    init(_ fields: HTTP2Fields, host: String?) {
        self.init(host: host, room: fields.listSize, lines: fields.count)
        for index in 0..<fields.count { append(name: fields.name(index), value: fields.value(index)) }
    }
}

extension HTTP2Fields {
    init(_ fields: HeaderFields) {
        self.init()
        fields.forEach { name, value in append(name, value) }
    }
}
