import Testing

@testable import WebSocketProtocol

@Suite("What a peer takes of what was sent")
struct OutflowTests {
    /// On a connection of its own.
    private func flow(held: Int = 0, left: UInt64, acknowledged: Int64) -> Outflow {
        Outflow(held: held, left: left, end: Int64(left) + Int64(held), acknowledged: acknowledged)
    }

    @Test("what the other kernel acknowledges was taken, whether or not anything waits here")
    func acknowledged() {
        var taking = Taking()
        _ = taking.look(flow(left: 9000, acknowledged: 4000))
        #expect(taking.isUnderWay)
        #expect(taking.look(flow(left: 9000, acknowledged: 4000)) == 0)
        #expect(taking.look(flow(left: 9000, acknowledged: 4001)) == 1)
        #expect(taking.look(flow(left: 9000, acknowledged: 9000)) == 4999)
        #expect(!taking.isUnderWay)
    }

    @Test("what leaves us was taken only where it had to wait for room")
    func room() {
        var taking = Taking()
        _ = taking.look(flow(held: 5000, left: 1000, acknowledged: 1000))
        #expect(taking.look(flow(held: 3000, left: 3000, acknowledged: 1000)) == 2000)
        _ = taking.look(flow(left: 6000, acknowledged: 1000))
        #expect(taking.look(flow(left: 20_000, acknowledged: 1000)) == 0)
    }

    @Test("a Ping that arrives where nothing was on its way is nobody's doing")
    func ping() {
        var taking = Taking()
        _ = taking.look(flow(left: 9000, acknowledged: 9000))
        #expect(taking.look(flow(left: 9011, acknowledged: 9011)) == 0)
        #expect(!taking.isUnderWay)
        // Behind other bytes its own are not told apart.
        _ = taking.look(flow(left: 20_000, acknowledged: 10_000))
        #expect(taking.look(flow(left: 20_011, acknowledged: 10_100)) == 100)
    }

    @Test("on a connection that is shared only what is this peer's counts")
    func shared() {
        var taking = Taking()
        _ = taking.look(Outflow(held: 0, left: 5000, end: 70_000, acknowledged: 60_000))
        #expect(taking.isUnderWay)
        #expect(taking.look(Outflow(held: 0, left: 5000, end: 90_000, acknowledged: 75_000)) == 15_000)
        // Its own have arrived: what others take says nothing of it.
        #expect(!taking.isUnderWay)
        #expect(taking.look(Outflow(held: 0, left: 5000, end: 99_000, acknowledged: 99_000)) == 0)
        #expect(taking.look(Outflow(held: 800, left: 5000, end: 199_000, acknowledged: 150_000)) == 0)
        #expect(taking.look(Outflow(held: 800, left: 5000, end: 299_000, acknowledged: 250_000)) == 0)
        #expect(taking.look(Outflow(held: 799, left: 5001, end: 399_000, acknowledged: 350_000)) == 1)
    }

    @Test("a window that opens byte by byte makes nothing the peer's that others take")
    func drip() {
        var taking = Taking()
        _ = taking.look(Outflow(held: 9000, left: 5000, end: 70_000, acknowledged: 70_000))
        var taken: UInt64 = 0
        for step in 1...100 {
            taken += taking.look(
                Outflow(
                    held: 9000 - step, left: 5000 + UInt64(step), end: 70_000 + 3000 * Int64(step),
                    acknowledged: 68_000 + 3000 * Int64(step)))
        }
        #expect(taken == 100)
        // A kilobyte goes behind what others sent, and is waited for.
        _ = taking.look(Outflow(held: 7800, left: 6200, end: 400_000, acknowledged: 370_000))
        #expect(taking.look(Outflow(held: 7800, left: 6200, end: 500_000, acknowledged: 380_000)) == 10_000)
    }

    @Test("numbers that make no sense trap nothing")
    func nonsense() {
        var taking = Taking()
        _ = taking.look(Outflow(held: -1, left: .max, end: .max, acknowledged: .min))
        _ = taking.look(Outflow(held: .max, left: 0, end: .min, acknowledged: .max))
        _ = taking.look(Outflow(held: 0, left: .max, end: 0, acknowledged: .min))
    }
}
