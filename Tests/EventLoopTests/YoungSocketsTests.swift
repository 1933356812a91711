import Glibc
import Testing

@testable import EventLoop

@Suite("Sockets that were connected a moment ago")
struct YoungSocketsTests {
    private func option(_ socket: StreamSocket, _ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(socket.descriptor, level, name, &value, &length) == 0 ? value : -1
    }

    private func isKeptAlive(_ socket: StreamSocket) -> Bool {
        option(socket, SOL_SOCKET, SO_KEEPALIVE) == 1
            && option(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE) == 60
            && option(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL) == 15
            && option(socket, Int32(IPPROTO_TCP), TCP_KEEPCNT) == 4
    }

    private func isUnsentBounded(_ socket: StreamSocket) -> Bool {
        option(socket, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT) == 256 * 1024
    }

    private func pair() throws -> Pair {
        try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
    }

    @Test(
        "one that lasts is kept alive, whatever is done with it; one that was accepted is so from the first")
    func lasting() throws {
        let pair = try pair()
        #expect(isKeptAlive(pair.server) && isUnsentBounded(pair.server))
        #expect(!isKeptAlive(pair.client) && option(pair.client, Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
        pair.client.pauseReading()
        pair.loop.young.youth = 0
        #expect(pair.loop.turn { isKeptAlive(pair.client) })
        #expect(pair.client.youngPlace == -1)
    }

    @Test("one that is not old enough waits for the next look")
    func younger() throws {
        let pair = try pair()
        pair.loop.young.timerFired(0)
        #expect(pair.client.youngPlace == 0 && !isKeptAlive(pair.client))
        pair.loop.young.youth = 0
        pair.loop.young.timerFired(0)
        #expect(isKeptAlive(pair.client) && pair.client.youngPlace == -1)
    }

    @Test("those that are closed or fail leave, in whatever order, and the others get what is theirs")
    func leaving() throws {
        let pair = try pair()
        let address = try SocketCalls.peerAddress(pair.client.descriptor)
        var sockets = [pair.client]
        for _ in 0..<5 { sockets.append(try StreamSocket.connect(to: address, on: pair.loop)) }
        #expect(pair.loop.turn { pair.acceptor.sockets.count == 6 })
        #expect(sockets.map(\.youngPlace) == [0, 1, 2, 3, 4, 5])
        sockets[1].close()
        sockets[1].close()
        sockets[5].reset()
        _ = sockets[0].giveUpForMemory()
        #expect([0, 1, 5].allSatisfy { sockets[$0].youngPlace == -1 })
        #expect(Set([2, 3, 4].map { sockets[$0].youngPlace }) == [0, 1, 2])
        pair.loop.young.youth = 0
        pair.loop.young.timerFired(0)
        #expect([2, 3, 4].allSatisfy { isKeptAlive(sockets[$0]) && sockets[$0].youngPlace == -1 })
        for socket in sockets { socket.close() }
    }

    @Test("a Unix socket is none of them")
    func unix() throws {
        let path = "/tmp/trunkline-young-\(UInt32.random(in: 0...UInt32.max)).sock"
        let pair = try Pair(at: try #require(SocketAddress(unixPath: path)))
        #expect(pair.client.youngPlace == -1 && pair.client.isUnsentBounded)
    }

    @Test("what the kernel may hold is bounded before more is sent than a short connection sends")
    func bounded() throws {
        let pair = try pair()
        let small = [UInt8](repeating: 1, count: 16 * 1024)
        for _ in 0..<4 { pair.client.sendAtOnce(small.span) }
        #expect(!isUnsentBounded(pair.client))
        pair.client.sendAtOnce([1].span)
        #expect(isUnsentBounded(pair.client))
        let other = try self.pair()
        other.client.limitUnsent(to: 64 * 1024)
        for _ in 0..<8 { other.client.sendAtOnce(small.span) }
        #expect(option(other.client, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT) == 64 * 1024)
    }
}
