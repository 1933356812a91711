internal import EventLoop

/// A feed's clients in the order in which they are served, and where in memory a delivery to each looks: a round passes
/// over thousands, each of which has left the processor's caches since the round before.
struct Roster<Client: AnyObject> {
    private(set) var clients: [Client] = []
    /// Of the client at the same place.
    private(set) var lines: [CacheLines] = []

    var count: Int { clients.count }
    var isEmpty: Bool { clients.isEmpty }

    /// Returns the place that it has now.
    mutating func append(_ client: Client, _ lines: CacheLines) -> Int {
        clients.append(client)
        self.lines.append(lines)
        return clients.count - 1
    }

    /// Removes the one that has a place, which there is. The last one takes it over, and is returned; nil where that was it.
    mutating func remove(at place: Int) -> Client? {
        clients.swapAt(place, clients.count - 1)
        lines.swapAt(place, lines.count - 1)
        clients.removeLast()
        lines.removeLast()
        return place < clients.count ? clients[place] : nil
    }

    /// Has the memory of one fetched whose turn comes soon; past the last there is none.
    @inline(__always)
    func fetch(_ place: Int) {
        if place < lines.count { lines[place].fetch() }
    }
}
