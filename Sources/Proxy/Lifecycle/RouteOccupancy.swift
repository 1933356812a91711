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

/// Whom the limit per client counts as one: an IPv4 address, or the /64 that an IPv6 customer has to himself.
struct ClientKey: Hashable, Sendable {
    private let text: String

    /// nil for clients without an address, as those of a Unix socket.
    init?(_ address: String) {
        guard !address.hasPrefix("unix:") else { return nil }
        guard address.contains(":") else {
            text = address
            return
        }
        text = Self.network(String(address.prefix { $0 != "%" }))
    }

    /// The first four groups, with `::` written out.
    private static func network(_ address: String) -> String {
        guard let gap = gap(in: address) else {
            return address.split(separator: ":").prefix(4).joined(separator: ":")
        }
        let head = address[..<gap].split(separator: ":")
        let tail = address[gap...].split(separator: ":")
        let zeros = Array(repeating: Substring("0"), count: max(0, 8 - head.count - tail.count))
        return (head + zeros + tail).prefix(4).joined(separator: ":")
    }

    private static func gap(in address: String) -> String.Index? {
        var previous: Character?
        for index in address.indices {
            if address[index] == ":", previous == ":" { return address.index(before: index) }
            previous = address[index]
        }
        return nil
    }
}
