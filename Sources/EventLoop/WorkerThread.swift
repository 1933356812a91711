internal import CLinux

/// A joinable thread. Loops block in epoll for their whole life, which a pool of shared threads can't bear.
@safe package struct WorkerThread: ~Copyable {
    private let handle: pthread_t

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread with 1 MiB of stack.
    package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
        defer { unsafe pthread_attr_destroy(&attributes) }
        // The box is retained across the C boundary and released by the thread that takes it.
        let box = unsafe Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(call: "pthread_create", code: code)
        }
        handle = thread
    }

    /// Lets the thread run on its own.
    package consuming func detach() { pthread_detach(handle) }

    /// Waits until the thread has ended.
    package consuming func join() { pthread_join(handle, nil) }
}

/// Facts of the machine.
package enum Machine {
    /// Processors that this process may use: those that it may run on (its affinity mask, as taskset sets it), or less where
    /// its control groups give it no more time, as containers' limits do. As of the start.
    package static let usableProcessors = min(Int(trunkline_usable_cpus()), ProcessorShare.allowed() ?? .max)

    /// Makes signals that tell of a fault (SIGABRT, SIGSEGV and the like) end the process with a line, on their first coming.
    package static func endOnFaults(asJSON: Bool) { trunkline_end_on_faults(asJSON ? 1 : 0) }

    /// Prepares the process for many sockets: descriptors up to the hard limit, and a heap that is not given back to
    /// the kernel between two turns. Returns how many descriptors it may have.
    ///
    /// Call it before the first thread: it also blocks the signals that `SignalSource` reports, which a thread with them
    /// unblocked would die of.
    @discardableResult
    package static func prepareProcess() -> Int {
        SignalSource.blockAll()
        trunkline_tune_malloc()
        return Int(trunkline_raise_descriptor_limit())
    }

    /// The words that the process was started with, the program's own name first.
    ///
    /// Swift's own list is empty where /proc is hidden.
    package static let arguments: [String] = {
        var words: [String] = []
        while let word = unsafe trunkline_argument(Int32(words.count)) {
            words.append(unsafe String(cString: word))
        }
        return words.isEmpty ? CommandLine.arguments : words
    }()

    /// The path that the process was started by: another than its first word, where somebody gave it another name.
    package static var program: String? { unsafe trunkline_program().map { unsafe String(cString: $0) } }

    /// The environment variables of the process.
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        var index: Int32 = 0
        // A list of C strings that ends with NULL; copied at once.
        while let entry = unsafe trunkline_environment(index) {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            index += 1
        }
        return variables
    }

    /// Ends the process as it is.
    ///
    /// Nothing that libraries left to be done at the end is done: they would take down what threads that still run are in
    /// the middle of, and OpenSSL's tables would be gone under a handshake.
    package static func exit(_ status: Int32) -> Never { CLinux._exit(status) }

    /// Writes a line to standard output or standard error, for commands that talk to a person.
    package static func say(_ line: String, toError: Bool = false) {
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(toError ? 2 : 1, bytes, bytes.count)
    }
}
