internal import Durations
internal import Synchronization

/// Addresses whose clients ask for WebSockets by HTTP/1.1 for a while. Pure; nanoseconds.
struct StrayTable {
    /// More are not known; there is one for each client that came back to its session where that was not.
    static let most = 4096
    /// Longer than clients wait between two tries.
    static let time = Duration.seconds(30).nanoseconds

    private var ends: [ClientKey: UInt64] = [:]

    var count: Int { ends.count }

    mutating func note(_ client: ClientKey, at now: UInt64) {
        if ends.count >= Self.most, ends[client] == nil {
            ends = ends.filter { $0.value > now }
            guard ends.count < Self.most else { return }
        }
        ends[client] = now &+ Self.time
    }

    mutating func covers(_ client: ClientKey, at now: UInt64) -> Bool {
        guard let end = ends[client] else { return false }
        if end <= now { ends[client] = nil }
        return end > now
    }
}

/// Clients that came back to their session by a stream of HTTP/2 where it was not, over all workers. A stream can't go
/// elsewhere; a connection that speaks HTTP/1.1 can. Their next connections don't offer WebSockets on streams, so that they
/// ask for them by HTTP/1.1 (RFC 8441, 3): not all do when they are told so by HTTP_1_1_REQUIRED.
final class StrayClients: Sendable {
    private let table = Mutex(StrayTable())
    private let count = Atomic<Int>(0)

    func note(_ address: String, at now: UInt64) {
        guard let client = ClientKey(address) else { return }
        change { $0.note(client, at: now) }
    }

    func covers(_ address: String, at now: UInt64) -> Bool {
        guard count.load(ordering: .relaxed) > 0, let client = ClientKey(address) else { return false }
        return change { $0.covers(client, at: now) }
    }

    private func change<Result: Sendable>(_ body: (inout StrayTable) -> Result) -> Result {
        table.withLock { table in
            defer { count.store(table.count, ordering: .relaxed) }
            return body(&table)
        }
    }
}
