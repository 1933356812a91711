import EventLoop
import Testing

@Suite("Sockets that go to another loop")
struct MovedSocketTests {
    private func pair() throws -> Pair { try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0))) }

    @Test("go on there with what has come, and are told of nothing here any more")
    func moves() throws {
        let pair = try pair()
        pair.server.pauseReading()
        pair.loop.turn(limit: 1_000_000)
        pair.client.send([1, 2].span)
        pair.loop.turn(limit: 1_000_000)
        let moved = try #require(pair.server.moveOut())
        #expect(pair.server.moveOut() == nil)
        let other = try EventLoop()
        let socket = try #require(moved.join(other))
        #expect(moved.join(other) == nil)
        let there = Recorder()
        socket.handler = there
        socket.resumeReading()
        #expect(other.turn { there.received == [1, 2] })
        socket.send([3].span)
        other.turn(limit: 1_000_000)
        #expect(pair.loop.turn { pair.clientSide.received == [3] })
        pair.client.close()
        #expect(other.turn { there.hasEnded })
        #expect(pair.serverSide.received.isEmpty && !pair.serverSide.hasEnded && pair.serverSide.error == nil)
    }

    @Test("are closed where nobody takes them, and leave their place among those of clients")
    func nobody() throws {
        let pair = try pair()
        #expect(pair.server.enterBudget())
        _ = pair.server.moveOut()
        #expect(pair.loop.turn { pair.clientSide.hasEnded })
    }

    @Test("stay while bytes of theirs wait, and where they have ended")
    func stays() throws {
        let pair = try pair()
        let block = [UInt8](repeating: 1, count: 200_000)
        pair.client.pauseReading()
        for _ in 0..<100 { pair.server.send(block.span) }
        pair.loop.turn(limit: 1_000_000)
        #expect(pair.server.queuedBytes > 0 && pair.server.moveOut() == nil)
        // One that we asked for is no client's.
        #expect(pair.client.moveOut() == nil)
    }
}
