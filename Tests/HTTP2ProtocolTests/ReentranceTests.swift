import Testing

@testable import HTTP2Protocol

/// What a receiver does from inside the call that it is told by.
struct ReentranceTests {
    /// Does something when bytes come, or when its stream is over. Only its stream holds it.
    private final class Actor: HTTP2StreamReceiver {
        var onData: (() -> Void)?
        var onClose: (() -> Void)?

        func streamAnswered(_ head: HTTP2ResponseHead) {}
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            bytes[0] = 2
            onData?()
            // It is there as long as its call lasts, whatever became of the stream.
            bytes[0] = onData == nil ? 3 : 4
        }
        func streamTrailers(_ fields: HTTP2Fields) {}
        func streamEnded() {}
        func streamFlushed() {}
        func streamClosed(_ code: HTTP2Code) { onClose?() }
    }

    /// The server's stream of a tunnel whose client's side is nobody's but the session's.
    private func tunnel(_ talk: Conversation, _ actor: Actor) throws -> HTTP2Stream {
        _ = talk.client.open(tunnelRequest, endsStream: false, receiver: actor)
        try talk.talk()
        let stream = try #require(talk.serverSide.streams.last?.stream)
        stream.respond(HTTP2ResponseHead(status: 200), endsStream: false)
        try talk.talk()
        return stream
    }

    @Test func whoReceivesMayEndTheConnection() throws {
        let talk = try Conversation()
        try talk.talk()
        let actor = Actor()
        let streams = [try tunnel(talk, actor), try tunnel(talk, Actor()), try tunnel(talk, Actor())]
        actor.onData = { talk.client.end(.cancel, .lost("")) }
        // The first of them ends all, and frames for each of them follow in the same read.
        for stream in streams { stream.write([UInt8](repeating: 1, count: 40_000).span) }
        try talk.give(try Conversation.output(of: talk.server), to: talk.client)
        #expect(talk.client.streamCount == 0)
        actor.onData = nil
        _ = Conversation.lastOutput(of: talk.client)
    }

    @Test func whoseStreamIsOverMayEndTheConnectionThatIsSending() throws {
        let talk = try Conversation()
        try talk.talk()
        let actor = Actor()
        _ = try tunnel(talk, actor)
        var others: [HTTP2Stream] = []
        for _ in 0..<3 {
            let other = try #require(
                talk.client.open(tunnelRequest, endsStream: false, receiver: Actor()))
            others.append(other)
        }
        try talk.talk()
        actor.onClose = { talk.client.end(.cancel, .lost("")) }
        for other in others { other.write([UInt8](repeating: 1, count: 40_000).span) }
        others = []
        // It closes while frames are composed, and the library goes on to those that have data.
        for stream in Array(talk.client.streams.values) where stream.receiver === actor {
            stream.reset(.cancel)
        }
        _ = Conversation.lastOutput(of: talk.client)
        #expect(talk.client.streamCount == 0)
        actor.onClose = nil
        _ = Conversation.lastOutput(of: talk.client)
    }

    @Test func noStreamBeginsBehindTheEnd() throws {
        let talk = try Conversation()
        try talk.talk()
        let asked = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        let actor = Actor()
        talk.serverSide.streams.last?.stream?.receiver = actor
        actor.onData = { talk.server.end(.cancel, .lost("")) }
        asked.write([1, 2, 3].span)
        let data = try Conversation.output(of: talk.client)
        _ = try talk.open(tunnelRequest, endsStream: false)
        // Both come in one read.
        try talk.give(data + Conversation.output(of: talk.client), to: talk.server)
        #expect(talk.server.streamCount == 0 && talk.serverSide.streams.count == 1)
        actor.onData = nil
    }
}
