internal import BasicContainers
internal import EventLoop

/// Consecutive messages of a feed as they leave for one client: in one write, and under TLS in one record.
struct MessageRun {
    /// Their whole frames, one after the other.
    let bytes: SharedBytes
    let count: Int
}

/// Joins messages that are ready together, once for all subscribers with the same place and the same compression. A
/// write costs far more than the bytes in it.
struct MessageRuns {
    /// What one TLS record holds; beyond it joining gains nothing that its copy doesn't cost.
    private static let mostBytes = 16 * 1024

    private struct Made {
        let start: UInt64
        let compression: Int?
        let run: MessageRun
    }

    private var made: [Made] = []
    /// What the last one was given, which is mostly what the next one is to have.
    private var last: (range: Range<UInt64>, compression: Int?, run: MessageRun)?

    /// There is a newer message: runs made from here on reach to it.
    mutating func removeAll() {
        last = nil
        if !made.isEmpty { made.removeAll(keepingCapacity: true) }
    }

    /// The run that was asked for the last time, if it is asked for again.
    func lastRun(_ range: Range<UInt64>, for compression: FeedCompression?) -> MessageRun? {
        guard let last, last.range == range, last.compression == compression?.id else { return nil }
        return last.run
    }

    /// As many messages of the range as fit a run, from its first on; nil when that one is no longer held.
    mutating func run(
        _ range: Range<UInt64>, of ring: MessageRing<SharedMessage>, for compression: FeedCompression?
    ) -> MessageRun? {
        let run = find(range, of: ring, for: compression)
        if let run { last = (range, compression?.id, run) }
        return run
    }

    private mutating func find(
        _ range: Range<UInt64>, of ring: MessageRing<SharedMessage>, for compression: FeedCompression?
    ) -> MessageRun? {
        guard let first = ring[range.lowerBound]?.bytes(for: compression) else { return nil }
        guard range.count > 1, first.count < Self.mostBytes else { return MessageRun(bytes: first, count: 1) }
        for known in made where known.start == range.lowerBound && known.compression == compression?.id {
            return known.run
        }
        let run = Self.join(range, of: ring, for: compression, on: first.account)
        made.append(Made(start: range.lowerBound, compression: compression?.id, run: run))
        return run
    }

    private static func join(
        _ range: Range<UInt64>, of ring: MessageRing<SharedMessage>, for compression: FeedCompression?,
        on account: MemoryAccount
    ) -> MessageRun {
        var joined = UniqueArray<UInt8>()
        var count = 0
        for number in range {
            guard let frame = ring[number]?.bytes(for: compression),
                count == 0 || joined.count + frame.count <= mostBytes
            else { break }
            frame.lend(from: 0) { joined.append(copying: $0) }
            count += 1
        }
        return MessageRun(bytes: SharedBytes(joined, on: account), count: count)
    }
}
