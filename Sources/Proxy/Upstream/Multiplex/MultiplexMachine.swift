/// Decides which of a backend's HTTP/2 connections, its lines, a new stream goes to, and when another line is opened.
/// Pure: it counts, the pool acts.
///
/// A stream goes to the line that carries fewest; another line is opened while the free places are fewer than half of
/// what one line takes, so that the next stream seldom waits. A line that stalls gets no new streams and is replaced,
/// one that is leaving (GOAWAY) too; what they carry stays.
struct MultiplexMachine {
    /// Where a stream goes.
    enum OnPlace: Equatable {
        case line(Int)
        /// Until a line is open, or a stream ends.
        case wait
        /// All lines that may be opened are open, and all their places taken.
        case full
    }

    private enum Phase { case opening, open, leaving }

    private struct Line {
        let id: Int
        var phase = Phase.opening
        var capacity: Int
        var streams = 0
        var isStalled = false

        var takesStreams: Bool { phase == .open && !isStalled && streams < capacity }
        var free: Int { isStalled || phase == .leaving ? 0 : max(0, capacity - streams) }
    }

    /// Lines that carry; stalled ones may be replaced beyond it, up to twice as many.
    private let most: Int
    /// Streams on a line, if the peer takes so many.
    private let streams: Int
    /// One line is kept open though nothing needs it.
    private let keepsOne: Bool
    private var lines: [Line] = []
    private var nextID = 0

    init(lines most: Int, streams: Int, keepsOne: Bool) {
        self.most = max(1, most)
        self.streams = max(1, streams)
        self.keepsOne = keepsOne
    }

    /// Lines, those included that are being opened.
    var count: Int { lines.count }
    /// Streams on all lines.
    var carried: Int { lines.reduce(0) { $0 + $1.streams } }

    /// Takes a place for a stream.
    mutating func place() -> OnPlace {
        let usable = lines.indices.filter { lines[$0].takesStreams }
        guard let best = usable.min(by: { lines[$0].streams < lines[$1].streams }) else {
            return mayOpen || lines.contains { $0.phase == .opening } ? .wait : .full
        }
        lines[best].streams += 1
        return .line(lines[best].id)
    }

    /// The number of a line to open now, if one is needed.
    ///
    /// - Parameter waiting: streams that wait for a place.
    mutating func open(waiting: Int) -> Int? {
        guard mayOpen, isNeeded(waiting) else { return nil }
        nextID += 1
        lines.append(Line(id: nextID, capacity: streams))
        return nextID
    }

    private var carrying: Int { lines.count { $0.phase != .leaving && !$0.isStalled } }

    private var mayOpen: Bool {
        carrying < most && lines.count(where: { $0.phase != .leaving }) < 2 * most
    }

    private func isNeeded(_ waiting: Int) -> Bool {
        if carrying == 0 { return waiting > 0 || keepsOne }
        let free = lines.reduce(0) { $0 + $1.free } - waiting
        return waiting + carried > 0 && free < (streams + 1) / 2
    }

    /// A line is open; the peer takes so many streams on it.
    mutating func opened(_ id: Int, capacity: Int) {
        let capacity = min(streams, max(0, capacity))
        change(id) { line in
            if line.phase == .opening { line.phase = .open }
            line.capacity = capacity
        }
    }

    /// A stream of a line has ended. Returns whether the line is to be closed, as it was leaving and this was its last.
    mutating func ended(on id: Int) -> Bool {
        change(id) { $0.streams = max(0, $0.streams - 1) }
        return isDone(id)
    }

    /// A line takes no new streams. Returns whether it is to be closed, as it has none.
    mutating func leaves(_ id: Int) -> Bool {
        change(id) { $0.phase = .leaving }
        return isDone(id)
    }

    /// A line stalls, or gets on again. When it does that beside its replacement there is one too many, and the one that
    /// carries fewest is left: returns it, if it has none and is to be closed.
    mutating func stalls(_ id: Int, _ isStalled: Bool) -> Int? {
        change(id) { $0.isStalled = isStalled }
        guard carrying > most else { return nil }
        let usable = lines.filter { $0.phase == .open && !$0.isStalled }
        guard let least = usable.min(by: { $0.streams < $1.streams }) else { return nil }
        return leaves(least.id) ? least.id : nil
    }

    /// A line is gone, or was never opened.
    mutating func lost(_ id: Int) { lines.removeAll { $0.id == id } }

    /// Whether a line that carries nothing may be closed.
    func isSpare(_ id: Int) -> Bool {
        guard let line = lines.first(where: { $0.id == id }), line.phase == .open, line.streams == 0 else {
            return false
        }
        return carrying > (keepsOne ? 1 : 0)
    }

    private func isDone(_ id: Int) -> Bool {
        lines.contains { $0.id == id && $0.phase == .leaving && $0.streams == 0 }
    }

    private mutating func change(_ id: Int, _ body: (inout Line) -> Void) {
        if let index = lines.firstIndex(where: { $0.id == id }) { body(&lines[index]) }
    }
}
