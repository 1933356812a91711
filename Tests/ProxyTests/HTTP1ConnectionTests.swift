import EventLoop
import HTTPProtocol
import Testing

@testable import Proxy

/// The loop of requests alone: what is served only writes down what it is asked.
@Suite("HTTP/1.1 connections")
struct HTTP1ConnectionTests {
    private static let ms: UInt64 = 1_000_000

    /// Without end, but for what is given. The end of a connection is waited for as long as any test may take.
    private static func times(
        head: Duration = .zero, keepAlive: Duration = .zero, slowConsumer: Duration = .zero,
        close: Duration = .seconds(60)
    ) -> HTTP1Times {
        HTTP1Times(head: head, keepAlive: keepAlive, slowConsumer: slowConsumer, close: close)
    }

    /// Says what it was asked, in the order of its being asked.
    private final class Served: HTTP1Connection {
        var told: [String] = []
        var limits = HTTP1ConnectionTests.times()
        var leaves = false
        var answersLate = false
        /// Answers as soon as the request is complete; else `answer` does.
        var answersAtOnce = true
        var answer = "ok"
        private var isTaken = false

        override var times: HTTP1Times { limits }
        override var isLeaving: Bool { leaves }
        override var takesBody: Bool { phase == .exchange && !isTaken }
        override var answersAfterEnd: Bool { answersLate && isTaken }

        override func serve(_ head: RequestHead) {
            told.append("\(head.method) \(head.target.path)")
            isTaken = false
            guard let framing = try? head.bodyFraming else { return refuse(.badTransferEncoding) }
            expectBody(framing)
            passEarlyBody()
            if takesBody { transport.resumeReading() }
        }

        override func bodyReceived(_ bytes: Span<UInt8>) {
            var text: [UInt8] = []
            for index in bytes.indices { text.append(bytes[index]) }
            told.append(String(decoding: text, as: UTF8.self))
        }

        override func bodyEnded(trailers: HeaderFields) {
            isTaken = true
            transport.pauseReading()
            if answersAtOnce { give() }
        }

        func give() {
            transport.write(Array(answer.utf8).span)
            nextRequestSoon()
        }

        override func bodyMalformed(_ error: BodyError) {
            told.append("body refused")
            linger()
        }

        override func refuse(_ error: HeadError) {
            told.append("refused \(error.status)")
            linger()
        }

        override func refuseSlowHead() {
            told.append("slow head")
            linger()
        }

        override func servingTimedOut() { told.append("serving timed out") }

        override func end(_ cause: String) {
            guard phase != .over else { return }
            phase = .over
            disarm()
            told.append("end: \(cause)")
            transport.close()
        }
    }

    /// What the client sees.
    private final class Client: StreamHandler {
        var received = ""
        var hasEnded = false
        var isConnected = false
        func streamConnected() { isConnected = true }
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            for index in bytes.indices { received.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        }
        func streamEnded() { hasEnded = true }
        func streamFlushed() {}
        func streamFailed(_ error: SystemError) { hasEnded = true }
    }

    private final class Acceptor: ListenerHandler {
        var socket: StreamSocket?
        func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress)
        {
            self.socket = socket
        }
        func listener(_ listener: ListenerSocket, failed error: SystemError) {}
    }

    private struct World {
        let loop: EventLoop
        let client: StreamSocket
        let side = Client()
        let connection: Served

        init(bytes: Int = 4096) throws {
            loop = try EventLoop()
            let acceptor = Acceptor()
            let bound = try BoundListener(
                try #require(SocketAddress(ip: "127.0.0.1", port: 0)), sharesPort: false)
            let address = bound.address
            let listener = ListenerSocket(bound, on: loop, handler: acceptor)
            listener.start()
            client = try StreamSocket.connect(to: address, on: loop)
            client.handler = side
            try Self.turn(loop) { [side] in acceptor.socket != nil && side.isConnected }
            client.resumeReading()
            connection = Served(
                StreamConnection(accepted: try #require(acceptor.socket), tls: nil, batch: nil),
                limits: HeadLimits(bytes: bytes), phase: .head, on: loop)
            connection.transport.receiver = connection
            connection.transport.resumeReading()
        }

        func send(_ text: String) { client.send(Array(text.utf8).span) }

        /// For twenty seconds at most, as long as a busy machine may need.
        private static func turn(_ loop: EventLoop, until condition: () -> Bool) throws {
            let end = loop.now + 20_000 * ms
            while !condition(), loop.now < end { loop.turn(limit: 5 * ms) }
            try #require(condition())
        }

        func turn(until condition: () -> Bool) throws { try Self.turn(loop, until: condition) }

        func expect(_ told: [String], sourceLocation: SourceLocation = #_sourceLocation) {
            try? turn { connection.told.count >= told.count }
            // Nothing more comes.
            for _ in 0..<3 { loop.turn(limit: HTTP1ConnectionTests.ms) }
            #expect(connection.told == told, sourceLocation: sourceLocation)
        }
    }

    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n" }

    @Test("requests that come together are served one after the other, each when the one before is answered")
    func pipelined() throws {
        let world = try World()
        world.connection.answersAtOnce = false
        world.send(Self.get("/1") + Self.get("/2") + Self.get("/3"))
        world.expect(["GET /1"])
        #expect(world.connection.hasEarly)
        world.connection.give()
        world.expect(["GET /1", "GET /2"])
        // What comes while something waits goes behind it.
        world.send(Self.get("/4"))
        world.connection.give()
        world.expect(["GET /1", "GET /2", "GET /3"])
        world.connection.give()
        world.expect(["GET /1", "GET /2", "GET /3", "GET /4"])
        world.connection.give()
        try world.turn { world.side.received == "okokokok" }
        #expect(world.connection.requests == 4)
        #expect(world.connection.phase == .head)
    }

    @Test("a head and a body are read the same, however they are cut")
    func cuts() throws {
        let text = Array(
            ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                + "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n")
                .utf8)
        for cut in 1..<text.count {
            let world = try World()
            world.client.send(Array(text[..<cut]).span)
            for _ in 0..<3 { world.loop.turn(limit: Self.ms / 5) }
            world.client.send(Array(text[cut...]).span)
            try world.turn { world.side.received == "okok" }
            #expect(world.connection.told.joined() == "POST /aabcPOST /bde", "cut at \(cut)")
            #expect(world.connection.transport.account.held == 0, "cut at \(cut)")
        }
    }

    @Test("what makes no sense is refused, and what follows it is not read")
    func malformed() throws {
        let world = try World()
        world.send("GET / HTTP/1.1\r\n\r\n" + Self.get("/2"))
        world.expect(["refused 400"])
        #expect(world.connection.phase == .answering)
        try world.turn { world.side.hasEnded }
        world.send(Self.get("/3"))
        world.expect(["refused 400"])
        world.client.finish()
        world.expect(["refused 400", "end: client left"])
    }

    @Test("a body that makes no sense ends the request")
    func malformedBody() throws {
        let world = try World()
        world.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
        world.expect(["POST /", "body refused"])
    }

    @Test("half a head that is not finished in time is slow; where nothing was asked, the end is silent")
    func headTimes() throws {
        let silent = try World()
        silent.connection.arm(5 * Self.ms)
        silent.expect(["end: client left"])
        let slow = try World()
        slow.connection.arm(5 * Self.ms)
        slow.send("GET / HT")
        slow.expect(["slow head"])
        // The same of a second request, whose time begins with its first byte.
        let second = try World()
        second.connection.limits = Self.times(head: .milliseconds(20))
        second.send(Self.get("/1"))
        second.expect(["GET /1"])
        for _ in 0..<30 { second.loop.turn(limit: Self.ms) }
        #expect(second.connection.phase == .head)
        second.send("GET / HT")
        second.expect(["GET /1", "slow head"])
    }

    @Test("one that asks nothing more is closed when its time is over")
    func keepAlive() throws {
        let world = try World()
        world.connection.limits = Self.times(keepAlive: .milliseconds(20))
        world.send(Self.get("/1"))
        world.expect(["GET /1", "end: client left"])
    }

    @Test("one that leaves is not asked again, but what it asked before is answered")
    func leaving() throws {
        let world = try World()
        world.connection.leaves = true
        world.send(Self.get("/1") + Self.get("/2"))
        world.expect(["GET /1", "GET /2", "end: client left"])
        try world.turn { world.side.hasEnded }
        #expect(world.side.received == "okok")
    }

    @Test("a client that ends its side is answered where it waits for it, and is left else")
    func ended() throws {
        for answersLate in [true, false] {
            let world = try World()
            world.connection.answersAtOnce = false
            world.connection.answersLate = answersLate
            world.send(Self.get("/1"))
            world.expect(["GET /1"])
            world.client.finish()
            world.connection.transport.resumeReading()
            world.expect(answersLate ? ["GET /1"] : ["GET /1", "end: client left"])
            guard answersLate else { continue }
            world.connection.give()
            world.expect(["GET /1", "end: client left"])
            try world.turn { world.side.received == "ok" }
        }
    }

    @Test("half a request is no request: the end of the side ends the connection")
    func halfRequest() throws {
        let world = try World()
        world.send(Self.get("/1") + "GET /2 HT")
        world.client.finish()
        world.expect(["GET /1", "end: client left"])
    }

    @Test("while an answer is not taken nothing more is read, and one that takes nothing at all is cut")
    func stalled() throws {
        let world = try World()
        world.connection.limits = Self.times(slowConsumer: .milliseconds(40))
        world.connection.answer = String(repeating: "x", count: 16 << 20)
        world.client.pauseReading()
        world.send(Self.get("/1") + Self.get("/2"))
        world.expect(["GET /1"])
        #expect(world.connection.phase == .between)
        try world.turn { world.connection.phase == .over }
        #expect(world.connection.told == ["GET /1", "end: client left"])
    }

    @Test("one that takes its answer slowly gets all of it, and its next request is read then")
    func slowlyTaken() throws {
        let world = try World()
        world.connection.limits = Self.times(slowConsumer: .milliseconds(10_000))
        world.connection.answer = String(repeating: "x", count: 8 << 20)
        world.client.pauseReading()
        world.send(Self.get("/1") + Self.get("/2"))
        world.expect(["GET /1"])
        world.client.resumeReading()
        world.connection.answer = "ok"
        world.expect(["GET /1", "GET /2"])
        try world.turn { world.side.received.utf8.count == (8 << 20) + 2 }
    }

    @Test("the end is waited for as long as it is said, and no longer")
    func lingering() throws {
        let world = try World()
        world.connection.limits = Self.times(close: .milliseconds(20))
        world.send("nonsense\r\n\r\n")
        world.expect(["refused 400", "end: client left"])
    }

    @Test("a request that came elsewhere goes first, and what was behind it follows")
    func takenOver() throws {
        let world = try World()
        var parser = RequestHeadParser(limits: HeadLimits())
        let head = try #require(try parser.feed(Array(Self.get("/1").utf8).span)).0
        world.connection.goOn(with: head, early: Array(Self.get("/2").utf8))
        world.expect(["GET /1", "GET /2"])
        try world.turn { world.side.received == "okok" }
    }

    @Test("what came early is another's to take, and is nobody's when it is dropped")
    func early() throws {
        let world = try World()
        world.connection.answersAtOnce = false
        world.send(Self.get("/1") + "more")
        world.expect(["GET /1"])
        #expect(world.connection.takeEarly() == Array("more".utf8))
        #expect(!world.connection.hasEarly)
        world.connection.transport.resumeReading()
        world.send("and more")
        try world.turn { world.connection.hasEarly }
        world.connection.dropEarly()
        #expect(!world.connection.hasEarly)
    }

    @Test("serving has a deadline where one is armed, and none where it is taken away")
    func servingTime() throws {
        let world = try World()
        world.connection.answersAtOnce = false
        world.send(Self.get("/1"))
        world.expect(["GET /1"])
        world.connection.arm(2 * Self.ms)
        world.connection.disarm()
        for _ in 0..<5 { world.loop.turn(limit: Self.ms) }
        world.expect(["GET /1"])
        world.connection.arm(2 * Self.ms)
        world.expect(["GET /1", "serving timed out"])
    }
}
