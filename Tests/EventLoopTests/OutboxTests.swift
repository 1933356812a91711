import EventLoop
import Testing

@Suite("Outbox")
struct OutboxTests {
    /// Counts the pieces in which bytes come.
    private final class Pieces: StreamHandler {
        var pieces: [[UInt8]] = []
        var hasEnded = false

        func streamConnected() {}
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            pieces.append(bytes.indices.map { bytes[$0] })
        }
        func streamEnded() { hasEnded = true }
        func streamFlushed() {}
        func streamFailed(_ error: SystemError) {}
    }

    private let pair: Pair
    private let pieces = Pieces()

    init() throws {
        pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.server.handler = pieces
    }

    @Test("what is sent in one turn leaves as one")
    func oneTurn() {
        let client = pair.client
        pair.loop.nextTurn { for byte: UInt8 in 1...9 { client.send([byte].span) } }
        #expect(pair.loop.turn { !pieces.pieces.isEmpty })
        #expect(pieces.pieces == [[1, 2, 3, 4, 5, 6, 7, 8, 9]])
    }

    @Test("small and large pieces of several sockets stay in order")
    func order() {
        let (client, server) = (pair.client, pair.server)
        let large = [UInt8](repeating: 7, count: 100_000)
        pair.loop.nextTurn {
            client.send([1].span)
            server.send([8].span)
            client.send([2].span)
            client.send(large.span)
            client.send([3].span)
            server.send([9].span)
        }
        #expect(pair.loop.turn { pieces.pieces.joined().count == 100_003 })
        #expect(Array(pieces.pieces.joined()) == [1, 2] + large + [3])
        #expect(pair.loop.turn { pair.clientSide.received.count == 2 })
        #expect(pair.clientSide.received == [8, 9])
    }

    @Test("more than it holds goes out within the turn, all of it")
    func overflow() {
        let client = pair.client
        let block = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        pair.loop.nextTurn { for _ in 0..<40 { client.send(block.span) } }
        #expect(pair.loop.turn { pieces.pieces.joined().count == 200_000 })
        #expect(pieces.pieces.joined().suffix(5000).elementsEqual(block))
    }

    @Test("what was sent before the end of a socket still leaves", arguments: [true, false])
    func beforeTheEnd(closes: Bool) {
        let client = pair.client
        pair.loop.nextTurn {
            client.send([1, 2].span)
            if closes { client.close() } else { client.finish() }
        }
        #expect(pair.loop.turn { pieces.hasEnded })
        #expect(pieces.pieces == [[1, 2]])
    }

    /// Does something with a socket that only its loop holds, when bytes come on another one.
    private final class Teller: StreamHandler {
        let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }

        func streamConnected() {}
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) { work() }
        func streamEnded() {}
        func streamFlushed() {}
        func streamFailed(_ error: SystemError) {}
    }

    @Test("a socket that is given up between its last piece and the end of the turn is there until then")
    func givenUp() throws {
        let (client, server, loop) = (pair.client, pair.server, pair.loop)
        weak var watched: StreamSocket?
        do {
            let alone = try StreamSocket.connect(to: try #require(server.localAddress), on: loop)
            let side = Recorder()
            alone.handler = side
            #expect(loop.turn { pair.acceptor.sockets.count == 2 && side.isConnected })
            alone.resumeReading()
            watched = alone
        }
        let far = pair.acceptor.sockets[1]
        // Its loop alone holds it.
        #expect(watched != nil)
        server.handler = Teller { watched?.send([1, 2, 3].span) }
        // Both are told of in one turn, in this order: the second one fails with a piece on its way.
        loop.nextTurn {
            client.sendAtOnce([1].span)
            far.reset()
        }
        #expect(loop.turn { watched == nil })
    }

    @Test("a socket that closes itself in its own call, and that nobody holds, lives to the end of the turn")
    func closedInside() {
        let loop = pair.loop
        var sockets = pair.acceptor.sockets
        weak let watched = sockets.first
        var wasThere = false
        pair.acceptor.sockets = []
        sockets.first?.handler = Teller {
            sockets.first?.close()
            sockets = []
            wasThere = watched != nil
        }
        pair.client.send([1].span)
        #expect(loop.turn { sockets.isEmpty })
        #expect(wasThere && watched == nil)
    }

    @Test("reading that is paused and resumed in one turn goes on")
    func pauseTakenBack() {
        let (client, server) = (pair.client, pair.server)
        pair.loop.nextTurn {
            server.pauseReading()
            server.resumeReading()
            client.send([1].span)
        }
        #expect(pair.loop.turn { pieces.pieces == [[1]] })
        pair.loop.nextTurn {
            server.pauseReading()
            client.send([2].span)
        }
        for _ in 0..<3 { pair.loop.turn(limit: 5_000_000) }
        #expect(pieces.pieces == [[1]])
    }
}
