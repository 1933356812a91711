import Testing

@testable import HTTP2Protocol

@Suite("Heads that mean much and are sent as little")
struct HeadsUnderWayTests {
    /// Some 15 KiB as a list; after the first one each is a reference to the table.
    private static let large: HTTP2RequestHead = {
        var head = plainRequest
        let value = String(repeating: "v", count: 2900)
        head.fields = HTTP2Fields(["x": value, "x": value, "x": value, "x": value, "x": value])
        return head
    }()
    private static let trailers = large.fields

    private func opened(_ side: Side) -> Int {
        side.take().count { if case .opened = $0 { true } else { false } }
    }

    @Test("are refused beyond what the connection may hold, and taken again when others are answered")
    func requests() throws {
        let talk = try Conversation()
        try talk.talk()
        let most = HeadRoom.least / (5 * 2900)
        for _ in 0..<100 { _ = try talk.open(Self.large, endsStream: true) }
        try talk.talk()
        let taken = opened(talk.serverSide)
        #expect(taken >= most - 3 && taken <= most + 3)
        #expect(talk.clientSide.take().count { $0 == .closed(.refusedStream) } == 100 - taken)
        for told in talk.serverSide.streams { told.stream?.headTaken() }
        for _ in 0..<20 { _ = try talk.open(Self.large, endsStream: true) }
        try talk.talk()
        #expect(opened(talk.serverSide) == 20)
        for told in talk.serverSide.streams { told.stream?.reset(.cancel) }
        try talk.talk()
        #expect(talk.server.heads.held == 0)
    }

    @Test("cost who has sent much nothing")
    func afterData() throws {
        let talk = try Conversation()
        try talk.talk()
        let upload = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        upload.write([UInt8](repeating: 1, count: 1 << 20).span)
        try talk.talk()
        _ = talk.serverSide.take()
        for _ in 0..<100 { _ = try talk.open(Self.large, endsStream: true) }
        try talk.talk()
        #expect(opened(talk.serverSide) == 100)
    }

    @Test("as trailers of requests end their streams")
    func requestTrailers() throws {
        let talk = try Conversation()
        try talk.talk()
        let streams = try (0..<100).map { _ in
            try #require(try talk.open(plainRequest, endsStream: false))
        }
        try talk.talk()
        for stream in streams { stream.finish(trailers: Self.trailers) }
        try talk.talk()
        let told = talk.serverSide.take()
        let kept = told.count { if case .trailers = $0 { true } else { false } }
        #expect(kept >= 30 && kept < 45)
        #expect(told.count { $0 == .closed(.enhanceYourCalm) } == 100 - kept)
    }

    @Test("as trailers of answers that nobody takes end their streams")
    func answerTrailers() throws {
        let talk = try Conversation(client: HTTP2Options(streamWindow: 1000))
        try talk.talk()
        for _ in 0..<100 { _ = try talk.open(plainRequest, endsStream: true, takes: false) }
        try talk.talk()
        let body = [UInt8](repeating: 1, count: 2000)
        for told in talk.serverSide.streams {
            told.stream?.respond(HTTP2ResponseHead(status: 200), endsStream: false)
            told.stream?.write(body.span)
            told.stream?.finish(trailers: Self.trailers)
        }
        try talk.talk()
        let reset = talk.clientSide.take().count { $0 == .closed(.enhanceYourCalm) }
        #expect(reset > 55 && reset < 75)
        talk.server.end(.cancel, .lost("connection ended"))
        #expect(talk.server.heads.held == 0)
    }

    @Test(
        "of answers don't wait while a client reads, and are bounded while it doesn't",
        arguments: [false, true])
    func answers(isBlocked: Bool) throws {
        let talk = try Conversation()
        try talk.talk()
        for _ in 0..<100 { _ = try talk.open(plainRequest, endsStream: true) }
        try talk.talk()
        talk.server.isBlocked = isBlocked
        for told in talk.serverSide.streams {
            told.stream?.inform(HTTP2ResponseHead(status: 103, fields: Self.trailers))
            told.stream?.respond(HTTP2ResponseHead(status: 200, fields: Self.trailers), endsStream: true)
        }
        #expect(!isBlocked || talk.server.heads.held <= HeadRoom.least + 64 * 1024)
        try talk.talk()
        let told = talk.clientSide.take()
        let refused = told.count { $0 == .closed(.enhanceYourCalm) }
        #expect(isBlocked ? refused > 50 : refused == 0)
        #expect(talk.server.heads.held == 0)
    }

    @Test("open no stream on a connection that has ended, though its streams ask for it while they are told")
    func ended() throws {
        let talk = try Conversation()
        try talk.talk()
        #expect(try talk.open(plainRequest, endsStream: true) != nil)
        talk.client.end(.connectError, .lost("connection ended"))
        #expect(talk.clientSide.take().last == .closed(.connectError))
        #expect(try talk.open(plainRequest, endsStream: true) == nil)
        #expect(talk.client.streamCount == 0)
    }
}
