import NIOCore

/// Tells HTTP/2 by its preface (RFC 9113, 3.4) from HTTP/1.1, so that one port speaks both.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let configure: (_ isHTTP2: Bool) -> EventLoopFuture<Server.Accepted>
    private let accepted: EventLoopPromise<Server.Accepted>
    private var bytes = ByteBuffer()

    /// - Parameter configure: adds the handlers of the protocol that is spoken.
    init(
        _ accepted: EventLoopPromise<Server.Accepted>,
        configure: @escaping (_ isHTTP2: Bool) -> EventLoopFuture<Server.Accepted>
    ) {
        self.accepted = accepted
        self.configure = configure
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        bytes.writeBuffer(&more)
        let begins = bytes.readableBytesView.prefix(Self.preface.count)
        let isPreface = Self.preface.starts(with: begins)
        if isPreface, begins.count < Self.preface.count { return }
        configure(isPreface).cascade(to: accepted)
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        accepted.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        accepted.fail(error)
        context.fireErrorCaught(error)
    }
}
