internal import Synchronization

/// How many of something each client has.
struct ClientCounts {
    private var counts: [ClientKey: Int] = [:]

    /// Counts one more, unless the client has so many already.
    mutating func enter(_ client: ClientKey, most: Int) -> Bool {
        let count = counts[client, default: 0]
        guard count < most else { return false }
        counts[client] = count + 1
        return true
    }

    mutating func leave(_ client: ClientKey) {
        let count = counts[client, default: 0]
        counts[client] = count > 1 ? count - 1 : nil
    }
}

/// The connections that each client address has open, over all workers and configurations.
final class ClientConnections: Sendable {
    private let counts = Mutex(ClientCounts())

    /// Takes a place; nil when the client has so many already.
    func enter(_ client: ClientKey, most: Int) -> ConnectionPlace? {
        guard counts.withLock({ $0.enter(client, most: most) }) else { return nil }
        return ConnectionPlace(client, of: self)
    }

    fileprivate func leave(_ client: ClientKey) { counts.withLock { $0.leave(client) } }
}

/// One connection's place among those of its client's address; whoever lets go of it gives it back.
final class ConnectionPlace: Sendable {
    private let client: ClientKey
    private let connections: ClientConnections

    fileprivate init(_ client: ClientKey, of connections: ClientConnections) {
        self.client = client
        self.connections = connections
    }

    deinit { connections.leave(client) }
}
