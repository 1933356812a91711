import EventLoop
import Testing

@Suite("What the kernel knows of a stream socket")
struct StreamSocketKernelTests {
    @Test(
        "what was sent is unacknowledged and unsent as long as the peer does not read, and neither when it has"
    )
    func waiting() throws {
        let pair = try Pair(at: try #require(SocketAddress(ip: "127.0.0.1", port: 0)))
        pair.server.pauseReading()
        let block = [UInt8](repeating: 7, count: 100_000)
        for _ in 0..<200 { pair.client.send(block.span) }
        pair.loop.turn(limit: 10_000_000)
        #expect(pair.client.unacknowledgedBytes >= pair.client.unsentBytes && pair.client.unsentBytes > 0)
        pair.server.resumeReading()
        #expect(pair.loop.turn { pair.serverSide.received.count == 20_000_000 })
        #expect(pair.loop.turn { pair.client.unacknowledgedBytes == 0 })
        #expect(pair.client.unsentBytes == 0 && pair.client.roundTrip > 0)
    }

    @Test("acknowledging at once does nothing else, and nothing at all on a closed or a Unix socket")
    func acknowledging() throws {
        for place in [
            SocketAddress(ip: "127.0.0.1", port: 0),
            SocketAddress(unixPath: "/tmp/trunkline-ack-\(UInt32.random(in: 0...UInt32.max)).sock"),
        ] {
            let pair = try Pair(at: try #require(place))
            pair.client.send([1, 2, 3].span)
            #expect(pair.loop.turn { pair.serverSide.received == [1, 2, 3] })
            pair.server.acknowledge()
            pair.server.send([9].span)
            #expect(pair.loop.turn { pair.clientSide.received == [9] })
            pair.server.close()
            pair.server.acknowledge()
            #expect(pair.server.unacknowledgedBytes == 0 && pair.server.unsentBytes == 0)
            #expect(pair.server.roundTrip == 0)
        }
    }
}
