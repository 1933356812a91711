import Testing

@testable import HTTP2Protocol

/// Who waits until nothing waits on a stream any longer is told so, and nobody else is.
struct FlushedTests {
    private let talk: Conversation
    private let asked: HTTP2Stream
    private let answer: HTTP2Stream

    /// A tunnel that is open both ways, on which nobody waits.
    init() throws {
        talk = try Conversation()
        try talk.talk()
        asked = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        answer = try #require(talk.serverSide.streams.first?.stream)
        answer.respond(HTTP2ResponseHead(status: 200), endsStream: false)
        try talk.talk()
        _ = talk.serverSide.take()
    }

    private var told: Int {
        talk.serverSide.take().count { $0 == .drained }
    }

    private func write(_ count: Int) { answer.write([UInt8](repeating: 1, count: count).span) }

    @Test func nobodyIsToldWhoHasNotLooked() throws {
        for _ in 0..<3 {
            write(100)
            #expect(!answer.isFull(beyond: 1000))
            try talk.talk()
        }
        #expect(told == 0 && talk.clientSide.received == 300)
        #expect(answer.bufferedBytes == 0)
        try talk.talk()
        #expect(told == 0)
    }

    @Test func whoFoundItFullIsToldOnce() throws {
        write(100)
        #expect(answer.isFull(beyond: 99))
        try talk.talk()
        #expect(told == 1)
        write(100)
        try talk.talk()
        #expect(told == 0)
    }

    @Test func whoSawThatSomethingWaitsIsToldOnce() throws {
        write(100)
        #expect(answer.bufferedBytes == 100)
        write(100)
        try talk.talk()
        #expect(told == 1 && answer.bufferedBytes == 0)
    }

    @Test func heldUpByTheWindowItIsToldWhenAllHasGone() throws {
        for stream in talk.clientSide.streams { stream.takes = false }
        write(100_000)
        #expect(answer.isFull(beyond: 99_999))
        try talk.talk()
        #expect(told == 0 && answer.bufferedBytes == 100_000 - 65_535)
        asked.consume(.max)
        try talk.talk()
        #expect(told == 1 && talk.clientSide.received == 100_000)
    }

    @Test func whoWaitsForHeadsIsToldToo() throws {
        answer.inform(HTTP2ResponseHead(status: 103, fields: HTTP2Fields(["link": "a"])))
        #expect(answer.isFull(beyond: 0))
        try talk.talk()
        #expect(told == 1)
    }

    @Test(arguments: [true, false])
    func withOneSideEndedAllAreTold(isOurs: Bool) throws {
        if !isOurs { asked.finish() }
        try talk.talk()
        write(100)
        if isOurs { answer.finish() }
        try talk.talk()
        #expect(told == 1)
    }

    /// The library is told of data anew after each piece that has emptied the queue.
    @Test func whatIsWrittenInAnyOrderArrivesWhole() throws {
        var sent = 0
        for count in [1, 70_000, 16_384, 1, 1, 40_000] {
            write(count)
            write(1)
            sent += count + 1
            try talk.talk()
            #expect(talk.clientSide.received == sent)
        }
        answer.finish(trailers: HTTP2Fields(["a": "b"]))
        try talk.talk()
        let events = talk.clientSide.take()
        #expect(events.suffix(2) == [.trailers([["a", "b"]]), .ended])
    }

    @Test func anEndWithNothingBeforeItIsSent() throws {
        write(1)
        try talk.talk()
        _ = talk.clientSide.take()
        answer.finish()
        asked.finish()
        try talk.talk()
        #expect(talk.clientSide.take() == [.ended, .closed(.noError)])
        #expect(talk.server.streamCount == 0)
    }

    @Test func whatWasResetBeforeItWasFramedIsNotSent() throws {
        write(1)
        try talk.talk()
        write(1)
        answer.reset(.cancel)
        write(1)
        try talk.talk()
        #expect(talk.clientSide.received == 1 && talk.server.heldBytes == 0)
        #expect(talk.clientSide.take().last == .closed(.cancel))
    }
}
