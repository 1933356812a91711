internal import Telemetry
internal import WebSocketProtocol

/// What one thread counts: plain memory, touched by its thread only. Others get a copy through the mailbox.
///
/// What happens once a session or rarer goes to `values` by labels; what happens with every message is counted in plain
/// integers here and in the sides' tallies, and put in when somebody asks.
final class WorkerMetrics {
    /// Of a family, and of meters: backends that wander through names of the network would pile up.
    static let mostRows = 4096
    private(set) var values = MetricSet(mostRows: mostRows)
    let sizesFromClient = MessageSizes()
    let sizesFromBackend = MessageSizes()
    /// Payload before and after permessage-deflate, by side and direction.
    private var fromClient = CompressionBytes()
    private var toClient = CompressionBytes()
    private var fromBackend = CompressionBytes()
    private var toBackend = CompressionBytes()
    private var meters: [SessionMeter.Key: SessionMeter] = [:]
    /// The one that was asked for last: mostly it is the next one too.
    private var lastMeter: SessionMeter?
    private var foldsAt = WorkerMetrics.mostRows

    /// Adds to a counter.
    func add(_ metric: Metric, _ labels: [String] = [], by amount: UInt64 = 1) {
        values.add(metric, labels, by: amount)
    }

    /// Counts a value in the unit of the histogram's bounds: nanoseconds or bytes.
    func observe(_ metric: Metric, _ value: UInt64, _ labels: [String] = []) {
        values.observe(metric, value, labels)
    }

    func countInflated(from peer: SessionSide, plain: Int, compressed: Int) {
        switch peer {
        case .client: fromClient.add(plain: plain, compressed: compressed)
        case .backend: fromBackend.add(plain: plain, compressed: compressed)
        }
    }

    func countDeflated(to peer: SessionSide, plain: Int, compressed: Int) {
        switch peer {
        case .client: toClient.add(plain: plain, compressed: compressed)
        case .backend: toBackend.add(plain: plain, compressed: compressed)
        }
    }

    /// A message from the main loop waited so long for this worker.
    func noteLag(_ lag: UInt64, worker: Int) {
        observe(.loopLag, lag, ["\(worker)"])
        values.set(.loopLagNow, ["\(worker)"], to: Double(lag) / 1_000_000_000)
    }

    /// What the sessions of a route on a backend are counted with.
    func meter(route: String, backend: String) -> SessionMeter {
        let key = SessionMeter.Key(route: route, backend: backend)
        if let lastMeter, lastMeter.key == key { return lastMeter }
        let meter = foundMeter(key)
        lastMeter = meter
        return meter
    }

    private func foundMeter(_ key: SessionMeter.Key) -> SessionMeter {
        if let meter = meters[key] { return meter }
        if meters.count >= foldsAt {
            foldIdleMeters()
            // Where most are in use, looking at all of them is to bring something before it is done again.
            foldsAt = max(Self.mostRows, 2 * meters.count)
        }
        let meter = SessionMeter(key)
        meters[key] = meter
        return meter
    }

    /// What nobody counts with any longer goes to one meter a route, so that sums stay what they are.
    private func foldIdleMeters() {
        let old = meters
        meters = [:]
        lastMeter = nil
        for (key, meter) in old where key.backend != Self.folded {
            guard meter.isIdle else {
                meters[key] = meter
                continue
            }
            let sum = SessionMeter.Key(route: key.route, backend: Self.folded)
            let known = meters[sum] ?? old[sum] ?? SessionMeter(sum)
            known.add(meter)
            meters[sum] = known
        }
        for (key, meter) in old where key.backend == Self.folded && meters[key] == nil { meters[key] = meter }
    }

    private static let folded = "other"

    /// A copy of everything.
    var snapshot: MetricSet {
        var all = MetricSet()
        all.merge(values)
        for meter in meters.values { meter.write(to: &all) }
        all.add(.messageSize, ["from_client"], sizesFromClient.counts.histogram)
        all.add(.messageSize, ["from_backend"], sizesFromBackend.counts.histogram)
        for (direction, bytes) in [
            ("from_client", fromClient), ("to_client", toClient), ("from_backend", fromBackend),
            ("to_backend", toBackend),
        ] where bytes.plain > 0 || bytes.compressed > 0 {
            all.add(.compressionPlainBytes, [direction], by: bytes.plain)
            all.add(.compressionCompressedBytes, [direction], by: bytes.compressed)
        }
        return all
    }
}

/// The sizes of the messages of one direction.
final class MessageSizes {
    private(set) var counts = SizeCounts()

    @inline(__always)
    func record(_ size: UInt64) { counts.record(size) }

    @inline(__always)
    func record(_ run: WholeMessages) {
        counts.record(UInt64(run.count), like: UInt64(run.last), total: UInt64(run.total))
    }
}

/// Payload bytes of compressed messages, on both sides of zlib.
struct CompressionBytes {
    private(set) var plain: UInt64 = 0
    private(set) var compressed: UInt64 = 0

    mutating func add(plain: Int, compressed: Int) {
        self.plain &+= UInt64(max(plain, 0))
        self.compressed &+= UInt64(max(compressed, 0))
    }
}
