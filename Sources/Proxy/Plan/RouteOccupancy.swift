internal import HTTPProtocol
internal import Synchronization

/// How many sessions and requests a route carries, over all workers and configurations: a reload makes new `Route`s, but
/// what lives on the old ones still counts.
final class RouteOccupancy: Sendable {
    private let occupied = Atomic<Int>(0)
    private let drained = Atomic<Bool>(false)
    private let clients = Mutex(ClientCounts())

    var count: Int { occupied.load(ordering: .relaxed) }

    /// A drained route takes nothing new until it is undrained.
    var isDrained: Bool {
        get { drained.load(ordering: .relaxed) }
        set { drained.store(newValue, ordering: .relaxed) }
    }

    /// Takes a place; 0 = no limit. Those of a client are counted only where a limit asks for it.
    func enter(capacity: Int, client: ClientKey?, perClient: Int) throws(Fault) -> RoutePlace {
        guard !isDrained else { throw Fault(.routeDrained) }
        let now = occupied.add(1, ordering: .relaxed).newValue
        guard capacity <= 0 || now <= capacity else {
            leave(nil)
            throw Fault(.routeFull)
        }
        guard perClient > 0, let client else { return RoutePlace(self, client: nil) }
        guard clients.withLock({ $0.enter(client, most: perClient) }) else {
            leave(nil)
            throw Fault(.routeFullOfClient)
        }
        return RoutePlace(self, client: client)
    }

    fileprivate func leave(_ client: ClientKey?) {
        occupied.subtract(1, ordering: .relaxed)
        if let client { clients.withLock { $0.leave(client) } }
    }
}

/// One place on a route, to be given back once.
struct RoutePlace {
    private let occupancy: RouteOccupancy
    private let client: ClientKey?

    fileprivate init(_ occupancy: RouteOccupancy, client: ClientKey?) {
        self.occupancy = occupancy
        self.client = client
    }

    func leave() { occupancy.leave(client) }
}
