import Dispatch
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOWebSocket

/// Listens, upgrades, over HTTP/1.1 or HTTP/2, and hands each WebSocket to its session: `…/echo` is an echo, all else is the room.
@main
struct Server {
    enum Accepted: Sendable {
        case chat(MessageChannel)
        case echo(MessageChannel)
        case plainHTTP
        /// An HTTP/2 connection, and what comes of each of its streams.
        case streams(NIOHTTP2Handler.AsyncStreamMultiplexer<EventLoopFuture<Accepted>>)
    }

    static let subprotocol = "chat.v1"
    static let maximumMessage = 32 * 1024 * 1024

    let room = Room()
    let open = OpenChannels()

    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let host = environment["HOST"] ?? "127.0.0.1"
        let port = environment["PORT"].flatMap { Int($0) } ?? 9003
        try await Server().run(host: host, port: port)
    }

    func run(host: String, port: Int) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Self.choose(channel) }
            }
        print("swift-chat listens on \(host):\(port)")
        let signals = onStopSignal {
            listener.channel.close(promise: nil)
            open.sayGoodbye()
        }
        defer { for signal in signals { signal.cancel() } }
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { inbound in
                for try await accepted in inbound {
                    group.addTask { await serve(accepted) }
                }
            }
        }
    }

    private func serve(_ accepted: EventLoopFuture<Accepted>) async {
        do {
            switch try await accepted.get() {
            case .chat(let channel):
                open.add(channel.channel)
                try await Session.chat(channel, in: room)
            case .echo(let channel):
                open.add(channel.channel)
                try await Session.echo(channel)
            case .plainHTTP: break
            case .streams(let multiplexer):
                try await withThrowingDiscardingTaskGroup { group in
                    for try await stream in multiplexer.inbound { group.addTask { await serve(stream) } }
                }
            }
        } catch {
            // A client that vanished, or a malformed request: NIO has closed the channel.
        }
    }

    private static func choose(_ channel: any Channel) throws -> EventLoopFuture<Accepted> {
        let accepted = channel.eventLoop.makePromise(of: Accepted.self)
        let choice = ProtocolChoice(accepted) { isHTTP2 in
            do {
                guard isHTTP2 else { return try upgrade(channel) }
                return channel.eventLoop.makeSucceededFuture(try streams(channel))
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        try channel.pipeline.syncOperations.addHandler(choice)
        return accepted.futureResult
    }

    private static func upgrade(_ channel: any Channel) throws -> EventLoopFuture<Accepted> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Accepted>(
            maxFrameSize: maximumMessage, enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"]
                let isKnown = offered.contains { $0 == subprotocol }
                let answer: HTTPHeaders = isKnown ? ["Sec-WebSocket-Protocol": subprotocol] : [:]
                return channel.eventLoop.makeSucceededFuture(answer)
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    let messages = try messageChannel(channel)
                    let path = head.uri.prefix { $0 != "?" }
                    return accepted(messages, path: path)
                }
            })
        let configuration = NIOTypedHTTPServerUpgradeConfiguration(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpgradeRequired())
                    return .plainHTTP
                }
            })
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: configuration))
    }

    static func accepted(_ messages: MessageChannel, path: Substring) -> Accepted {
        path.hasSuffix("/echo") ? .echo(messages) : .chat(messages)
    }

    static func messageChannel(_ channel: any Channel) throws -> MessageChannel {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: .seconds(30)))
        try pipeline.addHandler(FrameCheck())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 17,
                maxAccumulatedFrameSize: maximumMessage))
        try pipeline.addHandler(MessageHandler())
        return try MessageChannel(wrappingChannelSynchronously: channel)
    }

    private func onStopSignal(_ stop: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler(handler: stop)
            source.resume()
            return source
        }
    }
}
