internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import WebSocketProtocol

/// Writes one response on an HTTP/2 stream (RFC 9113, 8.1). The connection gathers what a turn brings.
final class HTTP2Responder: Responder {
    private let stream: HTTP2Stream
    private unowned let connection: StreamConnection
    private let request: RequestHead
    private let edits: FieldEdits?
    private var encoding = ResponseEncoding.none
    private(set) var status = 0
    private(set) var bodyBytes: UInt64 = 0
    /// The connection outlives its streams.
    let keepsAlive = true

    /// - Parameter edits: changes of the final response's head.
    init(
        _ stream: HTTP2Stream, on connection: StreamConnection, to request: RequestHead, edits: FieldEdits?
    ) {
        self.edits = edits
        self.stream = stream
        self.connection = connection
        self.request = request
    }

    var outflow: Outflow { stream.outflow(on: connection.outflow) }
    var readBound: (any ReadBound)? { stream }

    func isFull(beyond limit: Int) -> Bool { stream.isFull(beyond: limit) }

    func interim(_ head: ResponseHead) {
        stream.inform(
            HTTP2ResponseHead(status: head.status, fields: .ofStream(head.forwardedInterim.fields)))
    }

    func begin(_ head: ResponseHead, framing: BodyFraming) {
        let answer = ForwardedResponse(head, framing: framing, to: request, mayKeepAlive: true)
        status = head.status
        encoding = answer.encoding
        if encoding == .none || framing == .length(0) { encoding = .none }
        var fields = answer.head.fields
        edits?.apply(to: &fields)
        stream.respond(
            HTTP2ResponseHead(status: head.status, fields: .ofStream(fields)),
            endsStream: encoding == .none)
    }

    func body(_ bytes: Span<UInt8>) {
        bodyBytes &+= UInt64(bytes.count)
        if encoding != .none { stream.write(bytes) }
    }

    func end(trailers: HeaderFields) {
        guard encoding != .none else { return }
        stream.finish(trailers: trailers.count > 0 ? .ofStream(trailers) : nil)
    }

    func flush() {}
}

extension HTTP2Fields {
    /// The fields of an answer without those that HTTP/2 has no place for (RFC 9113, 8.2.2).
    static func ofStream(_ fields: HeaderFields) -> HTTP2Fields {
        var kept = HTTP2Fields()
        kept.append(ofStream: fields)
        return kept
    }

    /// Adds them at the end.
    mutating func append(ofStream fields: HeaderFields) {
        HopByHop.forEachInHTTP2(fields, host: true) { name, value in append(name, value) }
    }
}
