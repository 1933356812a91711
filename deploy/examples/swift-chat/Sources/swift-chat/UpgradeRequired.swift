import NIOCore
import NIOHTTP1

/// Answers every plain HTTP request with 426: there is nothing here but WebSockets.
final class UpgradeRequired: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let body = "this is a WebSocket server\n"
        let headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "close", "Content-Type": "text/plain",
            "Sec-WebSocket-Version": "13", "Content-Length": String(body.utf8.count),
        ]
        let head = HTTPResponseHead(version: .http1_1, status: .upgradeRequired, headers: headers)
        let channel = context.channel
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
