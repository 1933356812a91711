internal import CLinux

/// What became of a process that was to take over.
package enum OnSuccessor: Equatable, Sendable {
    /// It serves.
    case ready
    /// It has ended, or gave up, before it served.
    case failed
}

/// Another process, started by this one to take its place, and the pipe on which it says that it serves.
///
/// The pipe is how a failure is told from slowness: it ends with the process, whatever ended that. The process is no child
/// of this one. A service manager hears of the end of its own children only, and has nothing to wait for where a service
/// without any is to stop: systemd kills what it has just asked to end. So the main process must be a child of the manager.
package final class Successor: Pollable {
    private let process: pid_t
    private var told: ((OnSuccessor) -> Void)?

    /// Starts a program with these descriptors under the same numbers, and under `readyVariable` of its environment the
    /// number of the pipe's end that it is to write to.
    package init(
        program: String, arguments: [String], environment: [String: String], descriptors: [Int32],
        readyVariable: String,
        on loop: EventLoop, told: @escaping (OnSuccessor) -> Void
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe trunkline_pipe(&ends) == 0 else { throw SystemError("pipe") }
        let reading = Descriptor(ends[0])
        let writing = Descriptor(ends[1])
        let variables =
            environment.map { "\($0)=\($1)" } + ["\(readyVariable)=\(writing.number)"]
        process = try CStrings.spawn(
            program, arguments, variables, inheriting: descriptors + [writing.number], apart: true)
        self.told = told
        super.init(reading, on: loop)
        watch(readable: true, writable: false)
    }

    /// Its process number.
    package var number: Int32 { process }

    /// Ends it: it took too long.
    package func abort() { _ = CLinux.kill(process, SIGKILL) }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        var byte: UInt8 = 0
        let count = unsafe read(descriptor, &byte, 1)
        if count < 0, trunkline_errno() == EAGAIN { return }
        closeDescriptor()
        finish(count == 1 ? .ready : .failed)
    }

    private func finish(_ outcome: OnSuccessor) {
        let told = self.told
        self.told = nil
        told?(outcome)
    }
}

/// The other side: what a process says to the one that started it.
package enum Predecessor {
    /// Says that this process serves. Once.
    package static func tellReady(_ pipe: Int32) {
        let descriptor = Descriptor(pipe)
        var byte: UInt8 = 1
        _ = unsafe write(descriptor.number, &byte, 1)
    }
}
