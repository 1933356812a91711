import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOWebSocket

/// WebSockets as streams of an HTTP/2 connection (RFC 8441): one connection carries many sessions, as a multiplexing
/// proxy opens them. A stream takes the same handlers as a socket does.
extension Server {
    static func streams(_ channel: any Channel) throws -> Accepted {
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            .init(parameter: .enableConnectProtocol, value: 1),
            .init(parameter: .maxConcurrentStreams, value: 1000),
            .init(parameter: .maxHeaderListSize, value: 16 * 1024),
            .init(parameter: .initialWindowSize, value: streamWindow),
        ]
        configuration.stream.targetWindowSize = streamWindow
        // Some streams that nobody reads from must not stop the others.
        configuration.connection.targetWindowSize = 32 * 1024 * 1024
        let multiplexer = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
            mode: .server, configuration: configuration
        ) { stream in
            let accepted = stream.eventLoop.makePromise(of: Accepted.self)
            return stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(StreamUpgrade(accepted))
                return accepted.futureResult
            }
        }
        return .streams(multiplexer)
    }

    private static let streamWindow = 256 * 1024

    /// The handlers of a WebSocket whose stream was accepted.
    static func webSocket(on stream: any Channel, path: Substring) throws -> Accepted {
        let pipeline = stream.pipeline.syncOperations
        try pipeline.addHandler(StreamBytes())
        try pipeline.addHandler(WebSocketFrameEncoder())
        try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maximumMessage)))
        return accepted(try messageChannel(stream), path: path)
    }
}

/// Reads a stream's request, accepts an extended CONNECT for a WebSocket (RFC 8441, 4), and makes room for its handlers.
final class StreamUpgrade: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let accepted: EventLoopPromise<Server.Accepted>

    init(_ accepted: EventLoopPromise<Server.Accepted>) { self.accepted = accepted }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(let request) = unwrapInboundIn(data) else { return }
        let headers = request.headers
        guard headers.first(name: ":method") == "CONNECT", headers.first(name: ":protocol") == "websocket"
        else { return refuse(context) }
        var answer: HPACKHeaders = [":status": "200"]
        if headers[canonicalForm: "sec-websocket-protocol"].contains(where: { $0 == Server.subprotocol }) {
            answer.add(name: "sec-websocket-protocol", value: Server.subprotocol)
        }
        context.writeAndFlush(wrapOutboundOut(.headers(.init(headers: answer))), promise: nil)
        let path = (headers.first(name: ":path") ?? "/").prefix { $0 != "?" }
        accepted.completeWith(Result { try Server.webSocket(on: context.channel, path: path) })
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        accepted.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        accepted.fail(error)
        context.close(promise: nil)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        accepted.succeed(.plainHTTP)
        let answer: HPACKHeaders = [":status": "404", "content-type": "text/plain"]
        context.write(wrapOutboundOut(.headers(.init(headers: answer))), promise: nil)
        let body = ByteBuffer(string: "this is a WebSocket server\n")
        context.writeAndFlush(
            wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: nil)
    }
}

/// The stream's DATA frames as the bytes that they carry.
final class StreamBytes: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    private var hasEnded = false
    private var peerHasEnded = false
    private var closing: EventLoopPromise<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .data(let frame) = unwrapInboundIn(data) else { return }
        if case .byteBuffer(let bytes) = frame.data, bytes.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(bytes))
        }
        guard frame.endStream else { return }
        // The end of the stream is what the end of a TCP connection is elsewhere (RFC 8441, 5).
        peerHasEnded = true
        if hasEnded {
            context.close(promise: closing.take())
        } else {
            context.channel.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(unwrapOutboundIn(data))))
        context.write(wrapOutboundOut(frame), promise: promise)
    }

    /// Ends the stream in order: a mere close would reset it, and the peer's last frames would find it gone.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard !hasEnded else { return context.close(mode: mode, promise: promise) }
        hasEnded = true
        let end = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        context.writeAndFlush(wrapOutboundOut(end), promise: nil)
        guard !peerHasEnded else { return context.close(mode: mode, promise: promise) }
        closing = promise ?? context.eventLoop.makePromise()
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        closing.take()?.succeed()
        context.fireChannelInactive()
    }
}
