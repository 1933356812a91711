internal import CLinux

/// A program of the operator's that is run for a moment: it has until its deadline, and what it says is kept as far as a
/// log line bears.
package final class HookProcess: Pollable, TimerTarget {
    private enum Timer: UInt8 { case deadline, reap }

    private static let mostOutput = 2000
    private static let reapPause: UInt64 = 20_000_000

    private let process: pid_t
    private var output: [UInt8] = []
    private var done: ((_ failure: String?) -> Void)?
    private var deadline: TimerToken?
    private var isLate = false

    /// Starts it.
    ///
    /// - Parameters:
    ///   - arguments: the path first.
    ///   - done: comes once, from the loop; nil = it has ended with 0.
    package init(
        _ arguments: [String], environment: [String: String], limit: UInt64, on loop: EventLoop,
        done: @escaping (_ failure: String?) -> Void
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe trunkline_pipe(&ends) == 0 else { throw SystemError("pipe") }
        let reading = Descriptor(ends[0])
        let writing = Descriptor(ends[1])
        // A path, never a name that is looked for.
        let program = arguments.first ?? ""
        process = try CStrings.spawn(
            program.contains("/") ? program : "./" + program, arguments, environment.map { "\($0)=\($1)" },
            output: writing.number)
        self.done = done
        super.init(reading, on: loop)
        watch(readable: true, writable: false)
        deadline = loop.schedule(self, kind: Timer.deadline.rawValue, after: limit)
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        var block = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(descriptor, &block, block.count)
        if count < 0, trunkline_errno() == EAGAIN { return }
        guard count > 0 else {
            closeDescriptor()
            return reap()
        }
        output += block.prefix(count).prefix(Self.mostOutput - output.count)
    }

    /// Its deadline has come, or it may have ended.
    package func timerFired(_ kind: UInt8) {
        guard kind == Timer.deadline.rawValue else { return reap() }
        deadline = nil
        isLate = true
        trunkline_kill_group(process)
        closeDescriptor()
        reap()
    }

    private func reap() {
        let status = trunkline_reap(process)
        guard status >= 0 else {
            _ = loop.schedule(self, kind: Timer.reap.rawValue, after: Self.reapPause)
            return
        }
        loop.cancel(deadline)
        let done = self.done
        self.done = nil
        if isLate { return done?("it took too long") ?? () }
        guard status != 0 else { return done?(nil) ?? () }
        let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
            .joined(separator: " | ")
        done?("it ended with \(status)\(words.isEmpty ? "" : ": \(words)")")
    }
}
