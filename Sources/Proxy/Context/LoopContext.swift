internal import ASCII
internal import BasicContainers
internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol
internal import PerMessageDeflate
internal import TLS

/// What all that lives on one event loop shares: the loop, scratch, what its peers' bytes pass through, log and metrics.
///
/// Each room adds to it what its own objects need of their worker (`UpstreamContext`, `AccessContext`, `SessionContext`,
/// `ClientContext`), and `Worker` is the last; so no room knows those above it. Nothing here is touched by another
/// thread; orders come through the loop's mailbox.
class LoopContext {
    final let index: Int
    final let loop: EventLoop
    final let wire: TLSWire
    final let sendBatch: SendBatch
    final let log: EventLog
    final let metrics: WorkerMetrics
    final let scratch = ScratchStack()
    final var inflation = TurnBudget()
    final let http2Buffers = HTTP2Buffers()
    final let contextMemory: ContextMemory
    /// The one that new work goes by.
    final var configuration: ProxyConfiguration
    /// Nothing new begins.
    final var isDraining = false

    /// On the thread that will run the loop.
    init(index: Int, configuration: ProxyConfiguration, log: LogSinks, loop: EventLoop) throws(TLSError) {
        self.index = index
        self.configuration = configuration
        metrics = WorkerMetrics()
        self.log = EventLog(log, metrics: metrics)
        self.loop = loop
        let budget = configuration.compression.memoryBudget
        let workers = configuration.workers ?? Machine.usableProcessors
        contextMemory = ContextMemory(budget: budget > 0 ? max(budget / max(workers, 1), 1) : 0)
        wire = try WireSetup.make(on: loop, log: self.log, isFirst: index == 0)
        sendBatch = SendBatch(wire)
        loop.memory.onCut = { [log = self.log] in log.tell(.cutForMemory($0)) }
    }

    final var headLimits: HeadLimits { configuration.limits.head }

    /// Runs `work` after the delay.
    final func after(_ delay: UInt64, _ work: @escaping () -> Void) {
        _ = loop.schedule(DelayedWork(work), kind: 0, after: delay)
    }

    private final class DelayedWork: TimerTarget {
        private let work: () -> Void
        init(_ work: @escaping () -> Void) { self.work = work }
        func timerFired(_ kind: UInt8) { work() }
    }

    // MARK: Random values

    final func randomMask() -> UInt32 { UInt32(truncatingIfNeeded: loop.random.next()) }

    /// A `Sec-WebSocket-Key` (RFC 6455, 4.1).
    final func webSocketKey() -> String { WebSocketKey.make(from: (loop.random.next(), loop.random.next())) }

    /// 16 random bytes.
    final func randomKeyBytes() -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(16)
        for _ in 0..<2 {
            let word = loop.random.next()
            for shift in 0..<8 as Range<UInt64> { key.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
        }
        return key
    }

    /// 128 random bits in hexadecimal.
    final func requestID() -> String {
        let words = (loop.random.next(), loop.random.next())
        var digits: [UInt8] = []
        digits.append(addingCapacity: 32) { (output: inout OutputSpan<UInt8>) in
            for shift in 0..<16 as Range<UInt64> {
                output.append(UInt8(hexDigit: UInt8(truncatingIfNeeded: words.0 >> (4 * shift) & 15)))
            }
            for shift in 0..<16 as Range<UInt64> {
                output.append(UInt8(hexDigit: UInt8(truncatingIfNeeded: words.1 >> (4 * shift) & 15)))
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
