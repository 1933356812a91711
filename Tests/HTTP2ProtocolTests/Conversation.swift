import BasicContainers
import HTTP2Protocol

/// What a receiver was told.
enum Event: Equatable {
    case opened(Int32, HTTP2RequestHead)
    case answered(HTTP2ResponseHead)
    case data([UInt8])
    case trailers([[String]])
    case ended
    case closed(HTTP2Code)
    case drained
    case settings(HTTP2PeerSettings)
    case goAway(Int32, HTTP2Code)
    case pong
    case refused
}

/// Notes everything that one side is told.
final class Side: HTTP2SessionReceiver {
    /// One stream's share.
    final class Stream: HTTP2StreamReceiver {
        unowned let side: Side
        var stream: HTTP2Stream?
        var takes = true

        init(_ side: Side) { self.side = side }

        func streamAnswered(_ head: HTTP2ResponseHead) { side.events.append(.answered(head)) }
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            side.received += bytes.count
            if case .data(let earlier) = side.events.last {
                side.events[side.events.count - 1] = .data(earlier + copy(bytes.span))
            } else {
                side.events.append(.data(copy(bytes.span)))
            }
            if takes { stream?.consume(bytes.count) }
        }
        func streamTrailers(_ fields: HTTP2Fields) { side.events.append(.trailers(fields.list)) }
        func streamEnded() { side.events.append(.ended) }
        func streamFlushed() { side.events.append(.drained) }
        func streamClosed(_ code: HTTP2Code) { side.events.append(.closed(code)) }

        private func copy(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }
    }

    var events: [Event] = []
    var streams: [Stream] = []
    var received = 0
    var takesData = true
    var isAsked = false
    var roundTrip: UInt64?

    func streamOpened(_ stream: HTTP2Stream, _ head: HTTP2RequestHead) {
        let mine = Stream(self)
        mine.stream = stream
        mine.takes = takesData
        stream.receiver = mine
        streams.append(mine)
        events.append(.opened(stream.id, head))
    }
    func streamRefused() { events.append(.refused) }
    func settingsReceived(_ settings: HTTP2PeerSettings) { events.append(.settings(settings)) }
    func goAwayReceived(lastStream: Int32, code: HTTP2Code) { events.append(.goAway(lastStream, code)) }
    func pongReceived() { events.append(.pong) }
    func outputWaiting() { isAsked = true }

    /// What was told since the last call.
    func take() -> [Event] {
        defer { events = [] }
        return events
    }
}

/// A client and a server session that talk to each other.
struct Conversation {
    let client: HTTP2Session
    let server: HTTP2Session
    let clientSide = Side()
    let serverSide = Side()
    /// Bytes are handed over in pieces of this size.
    var piece = Int.max
    var now: UInt64 = 1

    init(
        client clientOptions: HTTP2Options = HTTP2Options(),
        server serverOptions: HTTP2Options = HTTP2Options(enablesConnect: true), piece: Int = .max
    ) throws {
        let buffers = HTTP2Buffers()
        client = try HTTP2Session(.client, clientOptions, buffers: buffers, at: 0)
        server = try HTTP2Session(.server, serverOptions, buffers: buffers, at: 0)
        client.receiver = clientSide
        server.receiver = serverSide
        self.piece = piece
    }

    /// What a session has to send now.
    static func output(of session: HTTP2Session) throws -> [UInt8] {
        let (output, error) = lastOutput(of: session)
        if let error { throw error }
        return output
    }

    /// What a session has to send, and why it is the last.
    static func lastOutput(of session: HTTP2Session) -> ([UInt8], HTTP2Error?) {
        var output = UniqueArray<UInt8>()
        var found: HTTP2Error?
        do throws(HTTP2Error) {
            try session.takeOutput(into: &output, most: 1 << 20)
        } catch {
            found = error
        }
        return ((0..<output.count).map { output[$0] }, found)
    }

    /// Gives bytes to a session, in pieces.
    func give(_ bytes: [UInt8], to session: HTTP2Session) throws {
        var start = 0
        while start < bytes.count {
            let end = piece < bytes.count - start ? start + piece : bytes.count
            var part = Array(bytes[start..<end])
            var span = part.mutableSpan
            try session.receive(&span, at: now)
            start = end
        }
    }

    /// Carries bytes both ways until nobody has anything to say.
    func talk() throws {
        while true {
            let up = try Self.output(of: client)
            try give(up, to: server)
            let down = try Self.output(of: server)
            try give(down, to: client)
            if up.isEmpty, down.isEmpty { return }
        }
    }

    /// The client's request, and what it is told of it from then on.
    func open(_ head: HTTP2RequestHead, endsStream: Bool, takes: Bool = true) throws -> HTTP2Stream? {
        let told = Side.Stream(clientSide)
        told.takes = takes
        clientSide.streams.append(told)
        let stream = client.open(head, endsStream: endsStream, receiver: told)
        told.stream = stream
        return stream
    }
}

let plainRequest = HTTP2RequestHead(
    method: "GET", scheme: "https", authority: "example.com", path: "/a?b",
    fields: HTTP2Fields(["accept": "*/*", "cookie": "a=1", "Cookie": "b=2"]))
let tunnelRequest = HTTP2RequestHead(
    method: "CONNECT", scheme: "https", authority: "example.com", path: "/chat", protocolName: "websocket",
    fields: HTTP2Fields(["sec-websocket-version": "13"]))
