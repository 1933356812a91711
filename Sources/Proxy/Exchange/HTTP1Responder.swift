internal import ASCII
internal import BasicContainers
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// Writes one response to an HTTP/1.1 client, in the framing that this client understands.
final class HTTP1Responder: Responder {
    private let transport: any ByteTransport
    private let request: RequestHead
    private let mayKeepAlive: Bool
    private let edits: FieldEdits?
    private var output = UniqueArray<UInt8>()
    private var encoding = ResponseEncoding.none
    private(set) var status = 0
    private(set) var keepsAlive = false
    private(set) var bodyBytes: UInt64 = 0

    /// - Parameters:
    ///   - mayKeepAlive: false when the connection is to end for other reasons than the request's.
    ///   - edits: changes of the final response's head.
    init(
        _ transport: any ByteTransport, to request: RequestHead, mayKeepAlive: Bool, edits: FieldEdits?
    ) {
        self.edits = edits
        self.transport = transport
        self.request = request
        self.mayKeepAlive = mayKeepAlive
    }

    var outflow: Outflow { transport.outflow }
    var readBound: (any ReadBound)? { transport.readBound }

    func isFull(beyond limit: Int) -> Bool { transport.isFull(beyond: limit) }

    /// 1xx: HTTP/1.0 clients know none (RFC 9110, 15.2).
    func interim(_ head: ResponseHead) {
        if request.minorVersion > 0 { append(head.forwardedInterim.encoded.span) }
    }

    func begin(_ head: ResponseHead, framing: BodyFraming) {
        let answer = ForwardedResponse(head, framing: framing, to: request, mayKeepAlive: mayKeepAlive)
        status = head.status
        encoding = answer.encoding
        keepsAlive = answer.keepsAlive
        var head = answer.head
        edits?.apply(to: &head.fields)
        append(head.encoded.span)
    }

    func body(_ bytes: Span<UInt8>) {
        bodyBytes &+= UInt64(bytes.count)
        switch encoding {
        case .none: break
        case .plain:
            if output.isEmpty { transport.write(bytes) } else { append(bytes) }
        case .chunked:
            append(ChunkedBody.sizeLine(bytes.count).span)
            append(bytes)
            append([.carriageReturn, .lineFeed].span)
        }
    }

    func end(trailers: HeaderFields) {
        if encoding == .chunked { append(ChunkedBody.end(trailers: trailers).span) }
    }

    func flush() {
        guard !output.isEmpty else { return }
        var ready = UniqueArray<UInt8>()
        swap(&ready, &output)
        transport.write(ready.span)
    }

    private func append(_ bytes: Span<UInt8>) { output.append(copying: bytes) }
}
