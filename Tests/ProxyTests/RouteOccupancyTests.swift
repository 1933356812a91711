import Testing

@testable import Proxy

@Suite("Places on a route")
struct RouteOccupancyTests {
    private func enter(
        _ occupancy: RouteOccupancy, capacity: Int = 0, client: String = "192.0.2.1", perClient: Int = 0
    ) -> Result<RoutePlace, Fault> {
        Result { () throws(Fault) in
            try occupancy.enter(capacity: capacity, client: ClientKey(client), perClient: perClient)
        }
    }

    private func refusal(_ result: Result<RoutePlace, Fault>) -> Fault.Kind? {
        guard case .failure(let fault) = result else { return nil }
        return fault.kind
    }

    @Test("as many as the limit, and again when one has left")
    func capacity() throws {
        let occupancy = RouteOccupancy()
        let first = try enter(occupancy, capacity: 2).get()
        _ = try enter(occupancy, capacity: 2).get()
        #expect(refusal(enter(occupancy, capacity: 2)) == .routeFull)
        #expect(occupancy.count == 2)
        first.leave()
        _ = try enter(occupancy, capacity: 2).get()
        #expect(occupancy.count == 2)
    }

    @Test("0 is no limit")
    func unlimited() throws {
        let occupancy = RouteOccupancy()
        for _ in 0..<1000 { _ = try enter(occupancy).get() }
        #expect(occupancy.count == 1000)
    }

    @Test("one client may have so many, IPv6 counted by its /64, and a refused one takes no place")
    func perClient() throws {
        let occupancy = RouteOccupancy()
        let place = try enter(occupancy, client: "2001:db8::1", perClient: 1).get()
        #expect(refusal(enter(occupancy, client: "2001:db8::ffff", perClient: 1)) == .routeFullOfClient)
        #expect(occupancy.count == 1)
        _ = try enter(occupancy, client: "2001:db8:0:1::1", perClient: 1).get()
        place.leave()
        _ = try enter(occupancy, client: "2001:db8::2", perClient: 1).get()
        #expect(occupancy.count == 2)
    }

    @Test("a drained route takes nobody until it is undrained")
    func flushed() throws {
        let occupancy = RouteOccupancy()
        occupancy.isDrained = true
        #expect(refusal(enter(occupancy)) == .routeDrained && occupancy.count == 0)
        occupancy.isDrained = false
        _ = try enter(occupancy).get()
    }

    @Test("a limit is told by its key")
    func keys() {
        #expect(Fault(.routeFull).limit == "connections")
        #expect(Fault(.routeFullOfClient).limit == "connections_per_client")
        #expect(Fault(.routeDrained).limit == nil)
    }
}
