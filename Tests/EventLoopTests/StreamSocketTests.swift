import EventLoop
import Testing

@Suite("Stream sockets")
struct StreamSocketTests {
    private static let places: [String] = ["127.0.0.1", "::1", "unix"]

    private func address(_ place: String) -> SocketAddress? {
        place == "unix"
            ? SocketAddress(unixPath: "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max)).sock")
            : SocketAddress(ip: place, port: 0)
    }

    @Test("carries bytes both ways over IPv4, IPv6 and Unix sockets", arguments: places)
    func bothWays(place: String) throws {
        let pair = try Pair(at: try #require(address(place)))
        pair.client.send([1, 2, 3].span)
        pair.server.send([9].span)
        #expect(pair.loop.turn { pair.serverSide.received == [1, 2, 3] && pair.clientSide.received == [9] })
    }

    @Test("queues what the kernel does not take, loses nothing, and says when it has gone")
    func backPressure() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.server.pauseReading()
        let block = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<200 { pair.client.send(block.span) }
        pair.loop.turn(limit: 10_000_000)
        #expect(pair.client.queuedBytes > 0)
        #expect(pair.serverSide.received.isEmpty)
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.received.count == 20_000_000 })
        #expect(pair.client.queuedBytes == 0)
        #expect(pair.clientSide.drains == 1)
        #expect(pair.serverSide.received.suffix(100_000).elementsEqual(block))
    }

    /// What the reader's own peer takes, which changes from one read to the next.
    private final class Bound: ReadBound {
        var readBound = 10
    }

    /// Keeps how much each read brought.
    private final class Counter: StreamHandler {
        var reads: [Int] = []
        var bound: Bound?

        func streamConnected() {}
        func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
            reads.append(bytes.count)
            bound?.readBound = reads.count == 1 ? 0 : 100
        }
        func streamEnded() {}
        func streamFlushed() {}
        func streamFailed(_ error: SystemError) {}
    }

    @Test("a read brings no more than what it is for may take, asked each time, and never nothing")
    func readBound() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        let (counter, bound) = (Counter(), Bound())
        counter.bound = bound
        pair.server.handler = counter
        pair.server.readBound = bound
        pair.client.send([UInt8](repeating: 7, count: 211).span)
        #expect(pair.loop.turn { counter.reads.reduce(0, +) == 211 })
        #expect(counter.reads == [10, 1, 100, 100])
        // The socket's own limit holds as well, and alone when there is nobody else.
        pair.server.receiveLimit = 30
        pair.client.send([UInt8](repeating: 7, count: 60).span)
        #expect(pair.loop.turn { counter.reads.count == 6 })
        pair.server.readBound = nil
        pair.server.receiveLimit = EventLoop.receiveCapacity
        pair.client.send([UInt8](repeating: 7, count: 500).span)
        #expect(pair.loop.turn { counter.reads.count == 7 })
        #expect(counter.reads.suffix(3) == [30, 30, 500])
    }

    @Test("finish ends our side after the queue has gone, and the peer may still answer")
    func halfClose() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.client.send([5].span)
        pair.client.finish()
        #expect(pair.loop.turn { pair.serverSide.hasEnded })
        #expect(pair.serverSide.received == [5])
        pair.server.send([6].span)
        #expect(pair.loop.turn { pair.clientSide.received == [6] })
    }

    @Test(
        "an end behind what isn't read is told once, costs nothing after that, and nothing before it is lost",
        arguments: places)
    func endUnread(place: String) throws {
        let pair = try Pair(at: try #require(address(place)))
        pair.server.pauseReading()
        pair.client.send([1, 2, 3].span)
        pair.loop.turn(limit: 10_000_000)
        #expect(pair.serverSide.ends == 0)
        // All of it, not one direction: then the kernel tells more than the end.
        pair.client.close()
        #expect(pair.loop.turn { pair.serverSide.ends == 1 })
        let end = EventLoop.clock + 300_000_000
        var turns = 0
        while EventLoop.clock < end {
            pair.loop.turn(limit: 100_000_000)
            turns += 1
        }
        #expect(turns < 20)
        // Paused again in the midst.
        pair.server.receiveLimit = 2
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.received.count == 2 })
        pair.server.pauseReading()
        pair.loop.turn(limit: 10_000_000)
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.hasEnded })
        #expect(pair.serverSide.received == [1, 2, 3] && pair.serverSide.ends == 1)
    }

    @Test(
        "what a peer said before its end is read though more was sent to it, which it answers by a reset",
        arguments: places)
    func deaf(place: String) throws {
        let pair = try Pair(at: try #require(address(place)))
        pair.server.pauseReading()
        let words = [UInt8](repeating: 7, count: 50_000)
        pair.client.send(words.span)
        pair.client.close()
        #expect(pair.loop.turn { pair.serverSide.ends == 1 })
        let block = [UInt8](repeating: 1, count: 100_000)
        for _ in 0..<5 {
            pair.server.send(block.span)
            pair.loop.turn(limit: 20_000_000)
        }
        #expect(pair.serverSide.error == nil && pair.server.queuedBytes == 0)
        #expect(pair.server.offer(block.span) == block.count)
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.hasEnded || pair.serverSide.error != nil })
        #expect(pair.serverSide.received == words && pair.serverSide.error == nil)
    }

    @Test("after an end behind what isn't read more may be sent to one that still reads")
    func halfCloseUnread() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.server.pauseReading()
        pair.client.send([1].span)
        pair.client.finish()
        #expect(pair.loop.turn { pair.serverSide.ends == 1 })
        let block = [UInt8](repeating: 7, count: 10_000_000)
        pair.server.send(block.span)
        #expect(pair.server.queuedBytes > 0)
        #expect(pair.loop.turn { pair.clientSide.received.count == block.count })
        #expect(pair.loop.turn { pair.serverSide.drains == 1 })
        // A reset behind it takes nothing away of what came before.
        pair.client.reset()
        pair.loop.turn(limit: 50_000_000)
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.hasEnded })
        #expect(pair.serverSide.received == [1] && pair.serverSide.error == nil)
    }

    @Test("a reset is told as an error, once")
    func reset() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.client.reset()
        #expect(pair.loop.turn { pair.serverSide.error != nil })
        #expect(pair.serverSide.error?.call == "recv")
    }

    @Test("a reset is noticed while reading is paused")
    func resetWhilePaused() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.server.pauseReading()
        pair.client.reset()
        #expect(pair.loop.turn { pair.serverSide.error != nil })
    }

    @Test("what a peer said before it reset is told, when it is a send that finds the reset")
    func lastWords() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        #expect(pair.clientSide.error == nil && pair.client.isQuiet)
        let answer = [UInt8](repeating: 7, count: 50_000)
        pair.server.send(answer.span)
        pair.server.reset()
        // Without a turn: neither the answer nor the reset has been read when this is sent.
        let block = [UInt8](repeating: 1, count: 100_000)
        pair.client.send(block.span)
        pair.client.send(block.span)
        #expect(!pair.client.isQuiet)
        #expect(pair.loop.turn { pair.clientSide.error != nil })
        #expect(pair.clientSide.received == answer)
    }

    @Test("what this machine answers at once is told in the turn in which it was asked", arguments: places)
    func atOnce(place: String) throws {
        let loop = try EventLoop()
        let bound = try BoundListener(try #require(address(place)), sharesPort: false)
        let recorder = Recorder()
        let socket = try StreamSocket.connect(to: bound.address, on: loop)
        socket.handler = recorder
        #expect(!recorder.isConnected)
        loop.turn(limit: 0)
        #expect(recorder.isConnected)
        let given = try StreamSocket.connect(to: bound.address, on: loop)
        let other = Recorder()
        given.handler = other
        given.close()
        loop.turn(limit: 0)
        #expect(!other.isConnected && other.error == nil)
    }

    @Test("one that finds a full queue is under way until there is room")
    func fullQueue() throws {
        let loop = try EventLoop()
        let bound = try BoundListener(
            try #require(SocketAddress(ip: "127.0.0.1", port: 0)), sharesPort: false, backlog: 1)
        let sides = (0..<4).map { _ in Recorder() }
        let sockets = try sides.map { side in
            let socket = try StreamSocket.connect(to: bound.address, on: loop)
            socket.handler = side
            return socket
        }
        loop.turn(limit: 0)
        #expect(sides.first?.isConnected == true)
        #expect(sides.last?.isConnected == false && sides.last?.error == nil)
        let acceptor = Acceptor()
        let listener = ListenerSocket(bound, on: loop, handler: acceptor)
        listener.start()
        #expect(loop.turn { sides.allSatisfy(\.isConnected) && acceptor.sockets.count == sides.count })
        for socket in sockets { socket.close() }
    }

    @Test("a refused connection is told with its reason")
    func refused() throws {
        let loop = try EventLoop()
        let port: UInt16
        do {
            let bound = try BoundListener(
                try #require(SocketAddress(ip: "127.0.0.1", port: 0)), sharesPort: false)
            port = bound.address.port
        }
        let recorder = Recorder()
        let socket = try StreamSocket.connect(
            to: try #require(SocketAddress(ip: "127.0.0.1", port: port)), on: loop)
        socket.handler = recorder
        #expect(loop.turn { recorder.error != nil })
        #expect(recorder.error?.isConnectionRefused == true)
    }

    @Test("an address in use is refused, and shared only where asked")
    func addressInUse() throws {
        let any = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
        let first = try BoundListener(any, sharesPort: true)
        let taken = try #require(SocketAddress(ip: "127.0.0.1", port: first.address.port))
        let second = try BoundListener(taken, sharesPort: true)
        #expect(second.address.port == first.address.port)
        do {
            _ = try BoundListener(taken, sharesPort: false)
            Issue.record("a third listener got the address")
        } catch {
            #expect(error.isAddressInUse)
        }
    }
}
