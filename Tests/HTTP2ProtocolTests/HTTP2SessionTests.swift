import BasicContainers
import Testing

@testable import HTTP2Protocol

struct HTTP2SessionTests {
    @Test(arguments: [Int.max, 1, 2, 3, 7, 9, 10])
    func aRequestAndItsAnswerAtEverySplit(_ piece: Int) throws {
        let talk = try Conversation(piece: piece)
        let stream = try #require(try talk.open(plainRequest, endsStream: true))
        try talk.talk()
        var lower = plainRequest
        lower.fields = HTTP2Fields(["accept": "*/*", "cookie": "a=1", "cookie": "b=2"])
        #expect(
            talk.serverSide.take() == [
                .settings(
                    HTTP2PeerSettings(maxStreams: 4_294_967_295, enablesConnect: false, streamWindow: 65_535)),
                .opened(1, lower), .ended,
            ])
        let answer = try #require(talk.serverSide.streams.first?.stream)
        answer.inform(HTTP2ResponseHead(status: 103, fields: HTTP2Fields(["link": "</a>"])))
        answer.respond(HTTP2ResponseHead(status: 200, fields: HTTP2Fields(["x": "y"])), endsStream: false)
        answer.write([1, 2, 3].span)
        answer.finish(trailers: HTTP2Fields(["t": "v"]))
        try talk.talk()
        #expect(
            talk.clientSide.take() == [
                .settings(HTTP2PeerSettings(maxStreams: 128, enablesConnect: true, streamWindow: 65_535)),
                .answered(HTTP2ResponseHead(status: 103, fields: HTTP2Fields(["link": "</a>"]))),
                .answered(HTTP2ResponseHead(status: 200, fields: HTTP2Fields(["x": "y"]))),
                .data([1, 2, 3]), .trailers([["t", "v"]]), .ended, .closed(.noError),
            ])
        #expect(talk.serverSide.take() == [.closed(.noError)])
        #expect(stream.isClosed && talk.client.streamCount == 0 && talk.server.streamCount == 0)
    }

    @Test func aTunnelCarriesBytesBothWaysUntilBothEnd() throws {
        let talk = try Conversation()
        try talk.talk()
        let near = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        let far = try #require(talk.serverSide.streams.first?.stream)
        far.respond(HTTP2ResponseHead(status: 200), endsStream: false)
        near.write([1].span)
        far.write([2].span)
        try talk.talk()
        _ = (talk.clientSide.take(), talk.serverSide.take())
        far.finish()
        try talk.talk()
        #expect(talk.clientSide.take() == [.ended])
        near.write([3, 4].span)
        near.finish()
        try talk.talk()
        #expect(talk.serverSide.take() == [.data([3, 4]), .ended, .closed(.noError)])
        #expect(talk.clientSide.take() == [.closed(.noError)])
    }

    @Test func extendedConnectIsAnErrorWhereItWasNotAnnounced() throws {
        let talk = try Conversation(server: HTTP2Options())
        _ = try talk.open(tunnelRequest, endsStream: false)
        try talk.talk()
        #expect(!talk.serverSide.events.contains { if case .opened = $0 { true } else { false } })
        #expect(talk.clientSide.take().last == .closed(.protocolError))
    }

    @Test func aStreamWhoseServerSaysTooMuchIsGivenUpByUs() throws {
        let talk = try Conversation(client: HTTP2Options(), server: HTTP2Options())
        let stream = try #require(try talk.open(plainRequest, endsStream: true))
        try talk.talk()
        for _ in 0...HTTP2Options().interimHeads {
            talk.serverSide.streams[0].stream?.inform(HTTP2ResponseHead(status: 103))
            try talk.talk()
        }
        #expect(stream.isClosed && stream.connectionLoss == .cut("more than 1000 interim responses"))
        #expect(talk.clientSide.take().last == .closed(.enhanceYourCalm))
    }

    @Test func whereRoomIsNeededTheLargestStreamsAreGivenUpAndTheOthersGoOn() throws {
        let talk = try Conversation(server: HTTP2Options(streamWindow: 1000, connectionWindow: 65_535))
        talk.serverSide.takesData = false
        var post = plainRequest
        post.method = "POST"
        let streams = try (0..<4).map { _ in try #require(try talk.open(post, endsStream: false)) }
        try talk.talk()
        for (stream, size) in zip(streams, [100, 9000, 5000, 20_000]) {
            stream.write([UInt8](repeating: 1, count: 1000 + size).span)
        }
        try talk.talk()
        _ = (talk.clientSide.take(), talk.serverSide.take())
        #expect(talk.client.heldBytes == 34_100)
        let count = talk.client.giveUpLargest(from: 1000) { talk.client.heldBytes > 6000 }
        #expect(count == 2 && talk.client.heldBytes == 5100)
        #expect(talk.clientSide.take() == [.closed(.cancel), .closed(.cancel)])
        #expect(streams.map { $0.connectionLoss == .memory } == [false, true, false, true])
        #expect(talk.client.giveUpLargest(from: 6000) { true } == 0)
        try talk.talk()
        #expect(
            talk.serverSide.take() == [.closed(.cancel), .closed(.cancel)] && talk.clientSide.take() == [])
        talk.serverSide.streams[0].stream?.respond(HTTP2ResponseHead(status: 200), endsStream: true)
        try talk.talk()
        #expect(talk.clientSide.take().last == .ended && talk.client.streamCount == 2)
    }

    @Test func aStreamThatIsNotConsumedStopsOnlyItself() throws {
        let talk = try Conversation(server: HTTP2Options(streamWindow: 1000, connectionWindow: 65_535))
        talk.serverSide.takesData = false
        var post = plainRequest
        post.method = "POST"
        let slow = try #require(try talk.open(post, endsStream: false))
        try talk.talk()
        slow.write([UInt8](repeating: 1, count: 5000).span)
        try talk.talk()
        #expect(talk.serverSide.received == 1000)
        #expect(slow.bufferedBytes == 4000)
        talk.serverSide.takesData = true
        let quick = try #require(try talk.open(post, endsStream: false))
        try talk.talk()
        quick.write([UInt8](repeating: 2, count: 200_000).span)
        try talk.talk()
        #expect(talk.serverSide.received == 201_000)
        #expect(quick.bufferedBytes == 0)
        let owner = try #require(talk.serverSide.streams.first)
        owner.takes = true
        owner.stream?.consume(1000)
        try talk.talk()
        #expect(talk.serverSide.received == 205_000)
    }

    @Test func theConnectionHoldsNoMoreThanItsLimitAndItsWindow() throws {
        let talk = try Conversation(
            server: HTTP2Options(streamWindow: 65_535, connectionWindow: 65_535, heldBytes: 100_000))
        talk.serverSide.takesData = false
        var post = plainRequest
        post.method = "POST"
        for _ in 0..<10 {
            let stream = try #require(try talk.open(post, endsStream: false))
            stream.write([UInt8](repeating: 1, count: 60_000).span)
            try talk.talk()
        }
        // Half a window may be kept before it is given back.
        #expect((100_000...170_000).contains(talk.serverSide.received))
        for owner in talk.serverSide.streams {
            owner.takes = true
            owner.stream?.consume(60_000)
        }
        try talk.talk()
        #expect(talk.serverSide.received == 600_000)
    }

    @Test func aClosedStreamGivesItsShareBack() throws {
        let talk = try Conversation(
            server: HTTP2Options(streamWindow: 65_535, connectionWindow: 65_535, heldBytes: 0))
        talk.serverSide.takesData = false
        var post = plainRequest
        post.method = "POST"
        for _ in 0..<20 {
            let stream = try #require(try talk.open(post, endsStream: false))
            stream.write([UInt8](repeating: 1, count: 60_000).span)
            try talk.talk()
            stream.reset(.cancel)
            try talk.talk()
        }
        #expect(talk.serverSide.received == 1_200_000)
        #expect(talk.server.streamCount == 0)
    }

    @Test(arguments: [1, 7, 1000, 65_535, 200_000])
    func aWindowThatIsGivenBackInStepsNeverStopsThePeer(window: Int) throws {
        let talk = try Conversation(
            server: HTTP2Options(streamWindow: window, connectionWindow: 65_535, enablesConnect: true))
        let stream = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        let total = 3 * window + 5
        var left = total
        while left > 0 {
            let count = min(left, max(1, window / 13))
            stream.write([UInt8](repeating: 1, count: count).span)
            left -= count
            try talk.talk()
        }
        #expect(talk.serverSide.received == total)
        #expect(stream.bufferedBytes == 0)
    }

    /// What a stream has on its way is what others wait behind.
    @Test(arguments: [nil, 0, 1_000_000] as [UInt64?])
    func aWindowGrowsWhereItHoldsThePeerUp(roundTrip: UInt64?) throws {
        var talk = try Conversation(server: HTTP2Options(streamWindow: 16_000))
        talk.serverSide.roundTrip = roundTrip
        var post = plainRequest
        post.method = "POST"
        let stream = try #require(try talk.open(post, endsStream: false))
        try talk.talk()
        let told = try #require(talk.serverSide.streams.first?.stream)
        told.growWindow(to: 100_000)
        var sent = 0
        for _ in 0..<10 {
            talk.now += 1_500_000
            sent += told.window.size
            stream.write([UInt8](repeating: 1, count: told.window.size).span)
            try talk.talk()
        }
        #expect(talk.serverSide.received == sent)
        #expect(told.window.size == (roundTrip == 0 ? 16_000 : 100_000))
    }

    @Test func resetsTellBothSides() throws {
        let talk = try Conversation()
        let stream = try #require(try talk.open(tunnelRequest, endsStream: false))
        try talk.talk()
        stream.write([UInt8](repeating: 1, count: 100).span)
        stream.reset(.cancel)
        try talk.talk()
        #expect(talk.serverSide.take().last == .closed(.cancel))
        #expect(talk.clientSide.take().last == .closed(.cancel))
        #expect(stream.bufferedBytes == 0)
        stream.write([1].span)
        stream.consume(1)
        stream.finish()
        try talk.talk()
    }

    @Test func goingAwayTakesTwoSteps() throws {
        let talk = try Conversation()
        let early = try #require(try talk.open(plainRequest, endsStream: true))
        try talk.talk()
        _ = talk.clientSide.take()
        talk.server.announceEnd()
        try talk.talk()
        #expect(talk.clientSide.take() == [.goAway(Int32.max, .noError)])
        talk.server.refuseStreams()
        try talk.talk()
        #expect(talk.clientSide.take() == [.goAway(early.id, .noError)])
        #expect(try talk.open(plainRequest, endsStream: true) == nil)
        talk.serverSide.streams.first?.stream?.respond(HTTP2ResponseHead(status: 204), endsStream: true)
        try talk.talk()
        #expect(
            talk.clientSide.take() == [
                .answered(HTTP2ResponseHead(status: 204)), .ended, .closed(.noError),
            ])
        #expect(talk.client.isFinished && talk.server.isFinished)
    }

    @Test func aPingIsAnswered() throws {
        let talk = try Conversation()
        talk.client.ping()
        #expect(talk.clientSide.isAsked)
        try talk.talk()
        #expect(talk.clientSide.take().contains(.pong))
    }

    @Test func theEndOfTheConnectionIsToldToEveryStream() throws {
        let talk = try Conversation()
        let streams = try (0..<3).map { _ in try talk.open(tunnelRequest, endsStream: false) }
        try talk.talk()
        talk.server.end(.connectError, .unanswered)
        talk.client.end(.cancel, .lost("gone"))
        #expect(streams.allSatisfy { $0?.connectionLoss == .lost("gone") })
        #expect(talk.serverSide.take().filter { $0 == .closed(.connectError) }.count == 3)
        #expect(talk.server.streamCount == 0)
    }

    @Test func aHeaderListOverTheLimitIsToldAsTooLarge() throws {
        let talk = try Conversation(server: HTTP2Options(maxHeaderList: 1000))
        var head = plainRequest
        head.fields.append("x", String(repeating: "x", count: 2000))
        _ = try talk.open(head, endsStream: true)
        try talk.talk()
        #expect(talk.serverSide.streams.first?.stream?.isTooLarge == true)
    }

    @Test func aStreamIsFullBeyondItsLimitOrWhenAllTogetherHoldTooMuch() throws {
        let talk = try Conversation(client: HTTP2Options(heldBytes: 100_000))
        var post = plainRequest
        post.method = "POST"
        let large = try #require(try talk.open(post, endsStream: false))
        let small = try #require(try talk.open(post, endsStream: false))
        let empty = try #require(try talk.open(post, endsStream: false))
        small.write([1].span)
        large.write([UInt8](repeating: 1, count: 50_000).span)
        #expect(!small.isFull(beyond: 10) && small.isFull(beyond: 0))
        large.write([UInt8](repeating: 1, count: 50_001).span)
        #expect(small.isFull(beyond: 10) && !empty.isFull(beyond: 0))
        #expect(small.bufferedBytes == 1)
        try talk.talk()
        #expect(!small.isFull(beyond: 10))
    }

    @Test func whatAStreamMayHoldIsEarnedByTaking() throws {
        let talk = try Conversation()
        _ = try #require(try talk.open(plainRequest, endsStream: true))
        try talk.talk()
        let answer = try #require(talk.serverSide.streams.first?.stream)
        answer.respond(HTTP2ResponseHead(status: 200), endsStream: false)
        try talk.talk()
        #expect(answer.readBound == StreamRoom.least && !answer.isFull(beyond: .max))
        answer.write([UInt8](repeating: 1, count: StreamRoom.least).span)
        #expect(answer.isFull(beyond: .max))
        // Nobody takes it: there is never more of it than twice the least.
        #expect(answer.readBound == StreamRoom.least)
        try talk.talk()
        #expect(answer.readBound == 2 * StreamRoom.least && !answer.isFull(beyond: .max))
        for _ in 0..<10 {
            answer.write([UInt8](repeating: 1, count: answer.readBound).span)
            try talk.talk()
            for stream in talk.clientSide.streams { stream.stream?.consume(.max) }
        }
        #expect(answer.readBound == StreamRoom.most)
        answer.write([UInt8](repeating: 1, count: 300_000).span)
        #expect(answer.isFull(beyond: 299_999) && !answer.isFull(beyond: 300_000))
        #expect(answer.readBound == StreamRoom.least, "much waits for the connection as a whole")
    }

    @Test func aPeerThatReadsNothingIsGivenNextToNothing() throws {
        let talk = try Conversation()
        for _ in 0..<2 { _ = try #require(try talk.open(plainRequest, endsStream: true)) }
        try talk.talk()
        let answers = talk.serverSide.streams.compactMap(\.stream)
        for answer in answers { answer.respond(HTTP2ResponseHead(status: 200), endsStream: false) }
        try talk.talk()
        answers[0].write([1].span)
        talk.server.isBlocked = true
        #expect(answers[0].isFull(beyond: .max) && !answers[1].isFull(beyond: .max))
        #expect(answers.allSatisfy { $0.readBound == StreamRoom.least })
        talk.server.isBlocked = false
        #expect(!answers[0].isFull(beyond: .max))
    }

    @Test func aStreamsWindowGrowsWithWhatItsOwnerTakes() throws {
        var options = HTTP2Options(streamWindow: 16_000)
        options.grownWindow = 100_000
        for takes in [true, false] {
            let talk = try Conversation(client: options)
            let asked = try #require(try talk.open(plainRequest, endsStream: true, takes: takes))
            try talk.talk()
            let answer = try #require(talk.serverSide.streams.first?.stream)
            answer.respond(HTTP2ResponseHead(status: 200), endsStream: false)
            answer.write([UInt8](repeating: 1, count: 300_000).span)
            try talk.talk()
            #expect(talk.clientSide.received == (takes ? 300_000 : 16_000))
            #expect(asked.window.size == (takes ? 100_000 : 16_000))
            // Taken no longer: a window comes, and nothing behind it.
            talk.clientSide.streams[0].takes = false
            answer.write([UInt8](repeating: 1, count: 300_000).span)
            try talk.talk()
            let more = talk.clientSide.received - (takes ? 300_000 : 16_000)
            #expect(takes ? (40_000...100_000).contains(more) : more == 0)
        }
    }

    @Test func noPrefaceIsNoted() throws {
        let talk = try Conversation()
        #expect(throws: HTTP2Error.noPreface) {
            try talk.give(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: talk.server)
        }
    }

    @Test func theLibraryHasAVersion() { #expect(HTTP2Library.version.split(separator: ".").count == 3) }

    @Test func headsThatThePeerDoesNotReadCountAsWaiting() throws {
        let talk = try Conversation()
        _ = try #require(try talk.open(plainRequest, endsStream: true))
        try talk.talk()
        let answer = try #require(talk.serverSide.streams.first?.stream)
        let hint = HTTP2ResponseHead(
            status: 103, fields: HTTP2Fields(["link": String(repeating: "x", count: 1000)]))
        for _ in 0..<5 { answer.inform(hint) }
        #expect(answer.isFull(beyond: 5000) && !answer.isFull(beyond: 6000))
        #expect(talk.server.heldBytes > 5000)
        _ = talk.serverSide.take()
        try talk.talk()
        #expect(!answer.isFull(beyond: 0) && talk.server.heldBytes == 0)
        #expect(talk.serverSide.take() == [.drained])
        answer.inform(hint)
        answer.reset(.cancel)
        #expect(talk.server.heldBytes == 0)
    }

    /// What one look for output makes is bounded by what was asked for, however many streams have something: the rest stays
    /// where its owners see it.
    @Test func outputComesInPiecesOfTheSizeAskedFor() throws {
        let wide = HTTP2Options(streamWindow: 200_000, connectionWindow: 2_000_000)
        let talk = try Conversation(client: wide)
        for _ in 0..<8 { _ = try talk.open(plainRequest, endsStream: true) }
        try talk.talk()
        for side in talk.serverSide.streams {
            side.stream?.respond(HTTP2ResponseHead(status: 200), endsStream: false)
            side.stream?.write([UInt8](repeating: 7, count: 100_000).span)
        }
        let frame = 16_384 + 9
        var looks = 0
        while talk.server.heldBytes > 0, looks < 100 {
            var output = UniqueArray<UInt8>()
            let held = talk.server.heldBytes
            try talk.server.takeOutput(into: &output, most: 65_536)
            #expect(output.count < 65_536 + frame && talk.server.heldBytes >= held - 65_536 - frame)
            try talk.give((0..<output.count).map { output[$0] }, to: talk.client)
            looks += 1
        }
        try talk.talk()
        #expect(looks > 10 && talk.clientSide.received == 800_000)
    }
}
