import NIOCore
import NIOWebSocket
import Synchronization

import struct Foundation.UUID

typealias MessageChannel = NIOAsyncChannel<Message, Reply>

/// What a WebSocket does once it is open.
enum Session {
    /// The room: JSON in, JSON out.
    static func chat(_ channel: MessageChannel, in room: Room) async throws {
        let id = UUID()
        let outbox = Outbox()
        do {
            try await channel.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await write(outbox, to: outbound) }
                    group.addTask { try await read(inbound, id: id, outbox: outbox, room: room) }
                    // Whoever ends first ends the other: the client left, or it was too slow.
                    try await group.next()
                    group.cancelAll()
                }
            }
        } catch {
            await room.leave(id)
            throw error
        }
        await room.leave(id)
    }

    /// Echo endpoint: text comes back as text, binary as binary. The next message waits for the write of this one.
    static func echo(_ channel: MessageChannel) async throws {
        try await channel.executeThenClose { inbound, outbound in
            for try await message in inbound {
                switch message {
                case .text(let text): try await outbound.write(.text(text))
                case .binary(let bytes): try await outbound.write(.binary(bytes))
                }
            }
        }
    }

    private static func read(
        _ inbound: NIOAsyncChannelInboundStream<Message>, id: UUID, outbox: Outbox, room: Room
    ) async throws {
        for try await message in inbound {
            do throws(Rejection) {
                guard case .text(let text) = message else { throw Rejection(reason: "not understood") }
                try await room.receive(ClientMessage.parse(text), from: id, outbox: outbox)
            } catch {
                outbox.send(.error(reason: error.reason))
            }
        }
    }

    private static func write(
        _ outbox: Outbox, to outbound: NIOAsyncChannelOutboundWriter<Reply>
    ) async throws {
        for await reply in outbox.replies { try await outbound.write(reply) }
        if !Task.isCancelled { try await outbound.write(.close(.init(codeNumber: 1013), reason: "too slow")) }
    }
}

/// The open channels, so that the end of the server can be told to each of them.
final class OpenChannels: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { _ in
            self.channels.withLock { _ = $0.removeValue(forKey: id) }
        }
    }

    func sayGoodbye() {
        for channel in channels.withLock({ Array($0.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(GoAway())
        }
    }
}
