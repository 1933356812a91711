import Testing

@testable import Proxy

@Suite("Counting what backends have read")
struct DeliveryCountTests {
    private func count(resends: Bool, sent: Int) -> DeliveryCount {
        var count = DeliveryCount(resends: resends, pingInterval: 10)
        for _ in 0..<sent { count.receives() }
        count.sendsAll()
        return count
    }

    @Test("what is not known to be read goes again, or is given up", arguments: [true, false])
    func loss(resends: Bool) {
        var count = count(resends: resends, sent: 5)
        #expect(count.pings(at: 1) == 5)
        count.receives()
        count.sendsAll()
        #expect(count.ponged(5) && count.confirmed == 5 && count.uncertain == 1)
        #expect(count.connectionEnds(isRead: false) == 1)
        #expect(count.waiting == (resends ? 1 : 0) && count.uncertain == 0)
        #expect(count.firstKept == (resends ? 6 : 7))
    }

    @Test("nothing is uncertain of a connection that ended in order", arguments: [true, false])
    func inOrder(resends: Bool) {
        var count = count(resends: resends, sent: 3)
        count.receives()
        #expect(count.connectionEnds(isRead: true) == 0)
        #expect(count.waiting == 1 && count.confirmed == 3 && count.firstKept == 4)
    }

    @Test("one Ping at a time, not too soon after the last, and none where nothing is to be asked")
    func pings() {
        var count = count(resends: true, sent: 0)
        #expect(count.pingDue == nil)
        count.receives()
        #expect(count.pingDue == nil)
        count.sendsAll()
        #expect(count.pingDue == 0)
        _ = count.pings(at: 100)
        count.receives()
        count.sendsAll()
        #expect(count.pingDue == nil)
        #expect(count.ponged(1) && count.pingDue == 110)
    }

    @Test("a Pong counts that answers the Ping under way, and no other")
    func pongs() {
        var count = count(resends: true, sent: 4)
        #expect(count.ponged(4) == false)
        _ = count.pings(at: 0)
        #expect(!count.ponged(9) && !count.ponged(0) && count.confirmed == 0)
        #expect(count.ponged(4) && !count.ponged(4) && count.confirmed == 4)
        count.receives()
        count.sendsAll()
        _ = count.pings(at: 20)
        _ = count.connectionEnds(isRead: false)
        // It was asked on a connection that is over.
        #expect(!count.ponged(5) && count.waiting == 1)
    }
}
