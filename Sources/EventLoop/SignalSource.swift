internal import CLinux

/// The signals a server reacts to.
package enum ProcessSignal: Int32, CaseIterable, Sendable {
    case hangUp = 1
    case interrupt = 2
    case userOne = 10
    case userTwo = 12
    case terminate = 15
}

/// Signals as readable events of a loop instead of interruptions.
///
/// Make it on the main thread before any other thread: threads inherit the blocked set, and a signal must reach this
/// descriptor rather than a thread that would die of it.
package final class SignalSource: Pollable {
    private let received: (ProcessSignal) -> Void

    /// Blocks the signals and begins to watch.
    package init(
        _ signals: [ProcessSignal], on loop: EventLoop, received: @escaping (ProcessSignal) -> Void
    ) throws(SystemError) {
        let numbers = signals.map(\.rawValue)
        let descriptor = unsafe trunkline_signalfd(numbers, Int32(numbers.count))
        guard descriptor >= 0 else { throw SystemError("signalfd") }
        self.received = received
        super.init(Descriptor(descriptor), on: loop)
        watch(readable: true, writable: false)
    }

    static func blockAll() {
        let numbers = ProcessSignal.allCases.map(\.rawValue)
        unsafe trunkline_block_signals(numbers, Int32(numbers.count))
        trunkline_ignore_sigpipe()
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        if let signal = ProcessSignal(rawValue: trunkline_read_signal(descriptor)) { received(signal) }
    }
}
