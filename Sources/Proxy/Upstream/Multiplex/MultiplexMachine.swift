/// Decides which of the HTTP/2 connections to a backend a new stream goes to, and when another is opened. Pure: it counts,
/// the pool acts.
///
/// A stream goes to the connection that carries most and has room, and another is opened when the last place is taken: what
/// travels on few connections travels together. A connection that stalls gets no new streams and is replaced,
/// one that is leaving (GOAWAY) too; what they carry stays.
struct MultiplexMachine {
    /// Where a stream goes.
    enum OnPlace: Equatable {
        case connection(Int)
        /// Until a connection is open, or a stream ends.
        case wait
        /// All connections that may be opened are open, and all their places taken.
        case full
    }

    private enum Phase { case opening, open, leaving }

    private struct Connection {
        let id: Int
        var phase = Phase.opening
        var capacity: Int
        var streams = 0
        var isStalled = false

        var takesStreams: Bool { phase == .open && !isStalled && streams < capacity }
        var free: Int { isStalled || phase == .leaving ? 0 : max(0, capacity - streams) }
    }

    /// Connections that carry; stalled ones may be replaced beyond it, up to twice as many.
    private let most: Int
    /// Streams on a connection, if the peer takes so many.
    private let streams: Int
    /// One connection is kept open though nothing needs it.
    private let keepsOne: Bool
    private var connections: [Connection] = []
    private var nextID = 0

    init(connections most: Int, streams: Int, keepsOne: Bool) {
        self.most = max(1, most)
        self.streams = max(1, streams)
        self.keepsOne = keepsOne
    }

    /// Connections, those included that are being opened.
    var count: Int { connections.count }
    /// Streams on all connections.
    var carried: Int { connections.reduce(0) { $0 + $1.streams } }

    /// Takes a place for a stream.
    mutating func place() -> OnPlace {
        let usable = connections.indices.filter { connections[$0].takesStreams }
        // Of several alike the oldest.
        guard let best = usable.min(by: { connections[$0].streams > connections[$1].streams }) else {
            return mayOpen || connections.contains { $0.phase == .opening } ? .wait : .full
        }
        connections[best].streams += 1
        return .connection(connections[best].id)
    }

    /// The number of a connection to open now, if one is needed.
    ///
    /// - Parameter waiting: streams that wait for a place.
    mutating func open(waiting: Int) -> Int? {
        guard mayOpen, isNeeded(waiting) else { return nil }
        nextID += 1
        connections.append(Connection(id: nextID, capacity: streams))
        return nextID
    }

    private var carrying: Int { connections.count { $0.phase != .leaving && !$0.isStalled } }

    private var mayOpen: Bool {
        carrying < most && connections.count(where: { $0.phase != .leaving }) < 2 * most
    }

    private func isNeeded(_ waiting: Int) -> Bool {
        if carrying == 0 { return waiting > 0 || keepsOne }
        let free = connections.reduce(0) { $0 + $1.free } - waiting
        return waiting + carried > 0 && free <= 0
    }

    /// A connection is open; the peer takes so many streams on it.
    mutating func opened(_ id: Int, capacity: Int) {
        let capacity = min(streams, max(0, capacity))
        change(id) { connection in
            if connection.phase == .opening { connection.phase = .open }
            connection.capacity = capacity
        }
    }

    /// A stream has ended. Returns whether its connection is to be closed, as it was leaving and this was its last.
    mutating func ended(on id: Int) -> Bool {
        change(id) { $0.streams = max(0, $0.streams - 1) }
        return isDone(id)
    }

    /// A connection takes no new streams. Returns whether it is to be closed, as it has none.
    mutating func leaves(_ id: Int) -> Bool {
        change(id) { $0.phase = .leaving }
        return isDone(id)
    }

    /// A connection stalls, or gets on again. When it does that beside its replacement there is one too many; the one that
    /// carries fewest is left: returns it, if it has none and is to be closed.
    mutating func stalls(_ id: Int, _ isStalled: Bool) -> Int? {
        change(id) { $0.isStalled = isStalled }
        guard carrying > most else { return nil }
        let usable = connections.filter { $0.phase == .open && !$0.isStalled }
        guard let least = usable.min(by: { $0.streams < $1.streams }) else { return nil }
        return leaves(least.id) ? least.id : nil
    }

    /// A connection is gone, or was never opened.
    mutating func lost(_ id: Int) { connections.removeAll { $0.id == id } }

    /// Whether a connection that carries nothing may be closed.
    func isSpare(_ id: Int) -> Bool {
        guard let connection = connections.first(where: { $0.id == id }), connection.phase == .open,
            connection.streams == 0
        else {
            return false
        }
        return carrying > (keepsOne ? 1 : 0)
    }

    private func isDone(_ id: Int) -> Bool {
        connections.contains { $0.id == id && $0.phase == .leaving && $0.streams == 0 }
    }

    private mutating func change(_ id: Int, _ body: (inout Connection) -> Void) {
        if let index = connections.firstIndex(where: { $0.id == id }) { body(&connections[index]) }
    }
}
