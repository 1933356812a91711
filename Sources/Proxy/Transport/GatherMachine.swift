/// Decides whether what the streams of one connection have written waits for more, so that it leaves in one write and
/// reaches the backend in one read. Pure: time and what waits are arguments.
///
/// It waits only while so many streams write that others will come within the wait, and no longer than until all that
/// write are there: a session that is alone on its connection never waits, however much it sends. The first few gain most
/// by each other's company, as a read of the backend costs about what two messages do; so where there are a few, they wait
/// for more only a moment.
struct GatherMachine {
    enum OnTurnEnd: Equatable {
        case leave
        /// In nanoseconds; asked again at the end of each turn until then.
        case wait(until: UInt64)
    }

    /// No wait is longer, in nanoseconds.
    static let longest: UInt64 = 1_000_000
    /// Nor is this, where so many streams are there already.
    static let shortest: UInt64 = 300_000
    static let fewStreams = 3
    /// Streams that wrote within so many nanoseconds are those that write.
    static let span: UInt64 = 4 * longest
    /// With fewer streams in a span nothing waits: within the longest wait hardly one other would come.
    static let leastStreams = 8
    /// More than these streams, or bytes, gain little by waiting.
    static let enoughStreams = 16
    static let enoughBytes = 32 * 1024

    private let most: UInt64
    /// A bit for each stream of this span.
    private var seen: UInt64 = 0
    /// How many there were in the span before.
    private var before = 0
    private var spanStart: UInt64 = 0
    /// Since when something waits.
    private var since: UInt64?

    /// - Parameter most: nanoseconds that anything may wait; 0 = nothing waits.
    init(atMost most: UInt64) { self.most = min(most, Self.longest) }

    /// Something waits at the end of a turn.
    ///
    /// - Parameters:
    ///   - streams: a bit for each stream whose frames wait; none where only the connection has something to say.
    ///   - bytes: of all that waits.
    mutating func turnEnded(streams: UInt64, bytes: Int, at now: UInt64) -> OnTurnEnd {
        guard most > 0 else { return .leave }
        note(streams, at: now)
        let start = since ?? now
        let (all, waiting) = (max(before, seen.nonzeroBitCount), streams.nonzeroBitCount)
        let wait = waiting < Self.fewStreams ? most : min(most, Self.shortest)
        guard all >= Self.leastStreams, waiting > 0, waiting < min(all, Self.enoughStreams),
            bytes < Self.enoughBytes, now - min(start, now) < wait
        else {
            since = nil
            return .leave
        }
        since = start
        return .wait(until: start + wait)
    }

    private mutating func note(_ streams: UInt64, at now: UInt64) {
        let age = now - min(spanStart, now)
        if age >= Self.span {
            before = age < 2 * Self.span ? seen.nonzeroBitCount : 0
            seen = 0
            spanStart = now
        }
        seen |= streams
    }
}
