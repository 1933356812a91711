import HTTP2Protocol
import Testing

/// Floods, written frame by frame (RFC 9113, 4.1).
struct AbuseTests {
    private func frame(_ type: UInt8, _ flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = [])
        -> [UInt8]
    {
        [
            UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 255), UInt8(payload.count & 255), type,
            flags,
        ]
            + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) } + payload
    }

    private let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// `:method GET`, `:scheme https`, `:path /` from the static table, `:authority a` as a literal.
    private let request: [UInt8] = [0x82, 0x87, 0x84, 0x01, 0x01, 0x61]

    private func abuse(of frames: (Int) -> [UInt8], most: Int = 5000) throws -> HTTP2Abuse? {
        let talk = try Conversation(
            server: HTTP2Options(abuse: HTTP2AbuseLimits(resets: 100, controlFrames: 100, emptyFrames: 100)))
        try talk.give(preface + frame(4), to: talk.server)
        for index in 0..<most {
            var found: HTTP2Error?
            do {
                try talk.give(frames(index), to: talk.server)
            } catch let error as HTTP2Error {
                found = error
            }
            let (output, error) = Conversation.lastOutput(of: talk.server)
            guard case .abuse(let abuse) = found ?? error else {
                if let other = found ?? error { throw other }
                continue
            }
            // GOAWAY says why: ENHANCE_YOUR_CALM.
            #expect(output.suffix(17).starts(with: [0, 0, 8, 7, 0]) && output.last == 11, "\(output)")
            return abuse
        }
        return nil
    }

    private func reset(_ index: Int) -> [UInt8] {
        let id = UInt32(index * 2 + 1)
        return frame(1, 5, stream: id, request) + frame(3, 0, stream: id, [0, 0, 0, 8])
    }

    @Test func rapidReset() throws { #expect(try abuse { reset($0) } == .resets) }

    @Test func streamsThatTheLibraryIsMadeToReset() throws {
        let found = try abuse { index in
            // A name in upper case makes the request malformed (8.2.1).
            frame(1, 5, stream: UInt32(index * 2 + 1), request + [0x00, 0x01, 0x41, 0x01, 0x62])
        }
        #expect(found == .resets)
    }

    @Test func settings() throws { #expect(try abuse { _ in frame(4) } == .controlFrames) }

    @Test func pings() throws {
        #expect(try abuse { _ in frame(6, 0, [UInt8](repeating: 1, count: 8)) } == .controlFrames)
    }

    @Test func priorities() throws {
        #expect(try abuse { _ in frame(2, 0, stream: 1, [0, 0, 0, 0, 9]) } == .controlFrames)
    }

    @Test func emptyData() throws {
        let found = try abuse { index in
            index == 0 ? frame(1, 4, stream: 1, request) : frame(0, 0, stream: 1)
        }
        #expect(found == .emptyFrames)
    }

    @Test func tinyWindowUpdates() throws {
        #expect(try abuse { _ in frame(8, 0, [0, 0, 0, 1]) } == .emptyFrames)
    }

    @Test func aHeaderBlockInTooManyPieces() throws {
        let found = try abuse { index in
            index == 0
                ? frame(1, 1, stream: 1, request) : frame(9, 0, stream: 1, [0x00, 0x01, 0x78, 0x01, 0x79])
        }
        #expect(found == .continuations)
    }

    @Test func aSmallBlockThatDecodesToALargeList() throws {
        // One literal of 4,000 bytes enters the table; each byte after it repeats it.
        let literal: [UInt8] = [0x40, 0x01, 0x78, 0x7f, 0xa1, 0x1e] + [UInt8](repeating: 0x79, count: 4000)
        let bomb = request + literal + [UInt8](repeating: 0xbe, count: 5000)
        #expect(try abuse { index in frame(1, 5, stream: UInt32(index * 2 + 1), bomb) } == .headerList)
    }

    @Test func refusalsThatAreNotRead() throws {
        let talk = try Conversation(server: HTTP2Options(abuse: HTTP2AbuseLimits(resets: 0)))
        try talk.give(preface + frame(4), to: talk.server)
        let broken = request + [0x00, 0x01, 0x41, 0x01, 0x62]
        #expect(throws: HTTP2Error.abuse(.unreadAnswers)) {
            for index in 0..<20_000 {
                try talk.give(frame(1, 5, stream: UInt32(index * 2 + 1), broken), to: talk.server)
            }
        }
        // All that is left to say.
        let output = try Conversation.output(of: talk.server)
        #expect(output.count == 17 && output[3] == 7 && output.last == 11)
        #expect(talk.server.isFinished)
    }

    @Test func aHeadIsPendingUntilItsLastPiece() throws {
        let talk = try Conversation()
        try talk.give(preface + frame(4) + frame(1, 1, stream: 1, Array(request[..<3])), to: talk.server)
        #expect(talk.server.pendingHead == 1)
        try talk.give(frame(9, 4, stream: 1, Array(request[3...])), to: talk.server)
        #expect(talk.server.pendingHead == nil && talk.serverSide.streams.count == 1)
        // One that turns out malformed isn't waited for either.
        try talk.give(frame(1, 1, stream: 3, request + [0x00, 0x01, 0x41, 0x01, 0x62]), to: talk.server)
        _ = try Conversation.output(of: talk.server)
        try talk.give(frame(9, 4, stream: 3, []), to: talk.server)
        _ = try Conversation.output(of: talk.server)
        #expect(talk.server.pendingHead == nil)
    }

    @Test func aStreamTooManyIsToldAndRefused() throws {
        let talk = try Conversation(server: HTTP2Options(maxStreams: 1))
        try talk.give(
            preface + frame(4) + frame(1, 5, stream: 1, request) + frame(1, 5, stream: 3, request),
            to: talk.server)
        #expect(
            try Conversation.output(of: talk.server).suffix(13) == [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 7])
        #expect(talk.serverSide.events.contains(.refused) && talk.serverSide.streams.count == 1)
    }

    @Test func whatIsSpreadOverTimeIsNoFlood() throws {
        var talk = try Conversation(server: HTTP2Options(abuse: HTTP2AbuseLimits(resets: 10)))
        try talk.give(preface + frame(4), to: talk.server)
        for index in 0..<100 {
            talk.now += AbuseMeter.span / 5
            try talk.give(reset(index), to: talk.server)
            _ = try Conversation.output(of: talk.server)
        }
    }
}
