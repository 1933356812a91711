import NIOCore
import NIOWebSocket

/// A whole message from the client.
enum Message: Sendable {
    case text(String)
    case binary(ByteBuffer)
}

/// What the application answers.
enum Reply: Sendable {
    case text(String)
    case binary(ByteBuffer)
    case close(WebSocketErrorCode, reason: String)
}

/// The server is going down: say 1001 to this client.
struct GoAway: Sendable {}

/// Checks what the aggregator would forget: every frame of a client is masked, no extension was
/// negotiated (RFC 6455, sections 5.1 and 5.2).
final class FrameCheck: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame

    struct Violation: Error {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return context.fireErrorCaught(Violation())
        }
        context.fireChannelRead(data)
    }
}

/// Frames on the side of the network, messages on the side of the application. Answers pings, pings a
/// silent client, and owns the closing handshake (RFC 6455, sections 5.5 and 7).
final class MessageHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = Message
    typealias OutboundIn = Reply
    typealias OutboundOut = WebSocketFrame

    private enum State {
        case open
        /// A ping is under way; the next sign of life leads back to `open`.
        case doubtful
        /// Our Close is sent; only the client's matters now.
        case closing
        /// Nothing is read and nothing written any more.
        case closed
    }

    private var state = State.open

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch state {
        case .open, .doubtful:
            state = .open
            receive(frame, context: context)
        case .closing:
            if frame.opcode == .connectionClose { end(context: context) }
        case .closed: break
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), state) {
        case (_, .closing), (_, .closed):
            promise?.fail(ChannelError.ioOnClosedChannel)
        case (.text(let text), _):
            send(.text, context.channel.allocator.buffer(string: text), context: context, promise: promise)
        case (.binary(let bytes), _):
            send(.binary, bytes, context: context, promise: promise)
        case (.close(let code, let reason), _):
            startClosing(code, reason: reason, context: context)
            promise?.succeed()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, state) {
        case (is GoAway, .open), (is GoAway, .doubtful):
            startClosing(.goingAway, reason: "the server is stopping", context: context)
        case (is IdleStateHandler.IdleStateEvent, .open):
            state = .doubtful
            send(.ping, context.channel.allocator.buffer(capacity: 0), context: context, promise: nil)
            context.flush()
        case (is IdleStateHandler.IdleStateEvent, .doubtful):
            end(context: context)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength,
            NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.tooManyFragments:
            fail(.messageTooLarge, context: context)
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error, is FrameCheck.Violation:
            fail(.protocolError, context: context)
        // What a client still sends after its frame was refused; the Close is on its way.
        case is ByteToMessageDecoderError: break
        default: end(context: context)
        }
    }

    private func receive(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        var payload = frame.unmaskedData
        switch frame.opcode {
        case .text:
            guard let text = try? payload.readUTF8ValidatedString(length: payload.readableBytes) else {
                return fail(.dataInconsistentWithMessage, context: context)
            }
            context.fireChannelRead(wrapInboundOut(.text(text)))
        case .binary: context.fireChannelRead(wrapInboundOut(.binary(payload)))
        case .ping:
            send(.pong, payload, context: context, promise: nil)
            context.flush()
        case .pong: break
        case .connectionClose: answerClose(payload, context: context)
        default: fail(.protocolError, context: context)
        }
    }

    /// What the client said goes back to it, or nothing if it said nothing (section 5.5.1).
    private func answerClose(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        var rest = payload
        guard payload.readableBytes > 0 else { return sendLastClose(payload, context: context) }
        guard let code = rest.readInteger(as: UInt16.self), Self.maySend(code) else {
            return fail(.protocolError, context: context)
        }
        guard (try? rest.readUTF8ValidatedString(length: rest.readableBytes)) != nil else {
            return fail(.dataInconsistentWithMessage, context: context)
        }
        sendLastClose(payload, context: context)
    }

    /// Codes that may be in a Close frame (section 7.4).
    private static func maySend(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    private func startClosing(_ code: WebSocketErrorCode, reason: String, context: ChannelHandlerContext) {
        var payload = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        payload.write(webSocketErrorCode: code)
        payload.writeString(reason)
        send(.connectionClose, payload, context: context, promise: nil)
        context.flush()
        state = .closing
        let channel = context.channel
        channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    /// Section 7.1.7: say why, then let go; not at once, since closing over unread bytes resets the
    /// connection and the client never reads why.
    private func fail(_ code: WebSocketErrorCode, context: ChannelHandlerContext) {
        switch state {
        case .open, .doubtful:
            startClosing(code, reason: "", context: context)
        case .closing, .closed: break
        }
    }

    private func sendLastClose(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        state = .closed
        let sent = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
        send(.connectionClose, payload, context: context, promise: sent)
        context.flush()
    }

    private func end(context: ChannelHandlerContext) {
        state = .closed
        context.close(promise: nil)
    }

    private func send(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>?
    ) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, data: payload)
        context.write(wrapOutboundOut(frame), promise: promise)
    }
}
