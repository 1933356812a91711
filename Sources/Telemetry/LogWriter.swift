internal import ASCII
internal import Glibc
internal import Synchronization

/// Writes lines to a descriptor from a thread of its own, so that no caller ever waits for a disk or a pipe.
///
/// The queue is bounded. When it is full, lines are dropped and counted, and a line that says so is written as soon as
/// there is room: an operator must know that the log has a hole.
@safe package final class LogWriter: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        var lost: UInt64 = 0
        var onTrouble: (@Sendable (LogTrouble) -> Void)?
        var isWriting = false
        var isToReopen = false
    }

    private static let capacity = 8 << 20
    private let state = Mutex(State())
    /// The writing thread takes it over.
    private let file: LogFile
    // The C library's semaphore wakes the writing thread; its address must stay, and it is never moved or freed: a
    // writer lives as long as the process.
    private nonisolated(unsafe) let wake: UnsafeMutablePointer<sem_t>

    /// To standard output (1) or standard error (2), or any open descriptor, which the writer then owns.
    package convenience init(descriptor: Int32) { self.init(LogFile(descriptor: descriptor)) }

    private init(_ file: LogFile) {
        self.file = file
        unsafe wake = .allocate(capacity: 1)
        unsafe sem_init(wake, 0, 0)
        startThread()
    }

    /// Opens a file to append to; nil when it can't be opened, with `errno` in `failure`. When the file is moved away
    /// it is opened anew, as soon as something is to be written or when `reopen` is called.
    package convenience init?(path: String, failure: inout String) {
        guard let file = LogFile(path: path, failure: &failure) else { return nil }
        self.init(file)
    }

    /// Opens the file anew before the next line is written, and at once; nothing where the destination is no file.
    package func reopen() {
        state.withLock { $0.isToReopen = true }
        unsafe sem_post(wake)
    }

    /// Queues a line; its end is added.
    package func write(_ line: String) {
        let isFirst = state.withLock { state in
            guard state.pending.count + line.utf8.count < Self.capacity else {
                state.dropped += 1
                state.lost &+= 1
                return false
            }
            defer { state.pending.append(.lineFeed) }
            state.pending += line.utf8
            return !state.isWriting
        }
        if isFirst { unsafe sem_post(wake) }
    }

    /// Lines that were dropped because the queue was full, or that could not be written.
    package var lostLines: UInt64 { state.withLock { $0.lost } }

    /// Has `told` called from the writing thread when lines are lost to the disk or the pipe, at most every ten
    /// seconds, and when writing succeeds again.
    package func tellTrouble(_ told: @escaping @Sendable (LogTrouble) -> Void) {
        state.withLock { $0.onTrouble = told }
    }

    /// Waits until all that was queued is written, for two seconds at most.
    package func flush() {
        for _ in 0..<400 {
            if state.withLock({ $0.pending.isEmpty && !$0.isWriting }) { return }
            usleep(5_000)
        }
    }

    private func startThread() {
        var thread = pthread_t()
        // The thread holds the writer for ever, as the process does.
        let me = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<LogWriter>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, me.toOpaque())
        if code == 0 { pthread_detach(thread) }
    }

    private func run() {
        var trouble = TroubleTeller()
        var file = self.file
        while true {
            unsafe sem_wait(wake)
            follow(&file)
            while let (block, dropped) = take() {
                follow(&file)
                note(put(block, to: file.descriptor, &trouble), in: &trouble)
                guard dropped > 0 else { continue }
                let line =
                    "{\"level\":\"warning\",\"message\":\"log lines dropped\",\"count\":\(dropped)}\n"
                note(put(Array(line.utf8), to: file.descriptor, &trouble), in: &trouble)
            }
        }
    }

    private func follow(_ file: inout LogFile) {
        let isAsked = state.withLock { state in
            defer { state.isToReopen = false }
            return state.isToReopen
        }
        guard let code = file.follow(at: WallClock.seconds(), isAsked: isAsked) else { return }
        let reason = unsafe String(cString: strerror(code))
        state.withLock { $0.onTrouble }?(.notReopened(reason: reason))
    }

    private func note(_ failure: (lines: UInt64, code: Int32)?, in trouble: inout TroubleTeller) {
        if let failure { state.withLock { $0.lost &+= failure.lines } }
        guard let news = trouble.news(failure, at: WallClock.seconds()) else { return }
        state.withLock { $0.onTrouble }?(news)
    }

    private func take() -> ([UInt8], Int)? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { (state.pending, state.dropped, state.isWriting) = ([], 0, true) }
            return (state.pending, state.dropped)
        }
    }

    /// A full disk or a closed pipe loses the block, after a while of trying, and nothing else.
    ///
    /// - Returns: how many lines were lost and `errno`; nil when all is written.
    private func put(
        _ lines: [UInt8], to descriptor: Int32, _ trouble: inout TroubleTeller
    ) -> (lines: UInt64, code: Int32)? {
        // Half a line may stand at the end of what was written before: it must not swallow the next one.
        let block = trouble.isMidLine ? [.lineFeed] + lines : lines
        var written = 0
        var tries = 0
        var code: Int32 = 0
        while written < block.count, tries < 20 {
            let count = unsafe block.withUnsafeBytes { raw in
                unsafe Glibc.write(descriptor, raw.baseAddress?.advanced(by: written), raw.count - written)
            }
            if count > 0 {
                written += count
                tries = 0
            } else {
                code = errno
                if code == EPIPE || code == EBADF { break }
                tries += 1
                usleep(50_000)
            }
        }
        guard written < block.count else {
            trouble.isMidLine = false
            return nil
        }
        if written > 0 { trouble.isMidLine = block[written - 1] != .lineFeed }
        let lost = block[max(written, block.count - lines.count)...]
        return (UInt64(lost.count { $0 == .lineFeed }), code)
    }
}

/// Times as people read them.
package enum WallTime {
    /// RFC 3339 in UTC, to the second, of a time from now on.
    package static func text(after duration: Duration) -> String {
        String(WallClock.timestamp(later: Int(clamping: duration.components.seconds)).prefix { $0 != "." })
            + "Z"
    }

    /// The same of a time in seconds since 1970.
    package static func text(at seconds: Double) -> String {
        text(after: .seconds(Int(max(min(seconds, 1e11), 0)) - WallClock.seconds()))
    }
}

/// The clocks that logs need.
enum WallClock {
    /// Nanoseconds of a clock that nobody sets.
    static func monotonic() -> UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    static func seconds() -> Int {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(later: Int = 0) -> String {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        now.tv_sec += later
        var parts = unsafe tm()
        unsafe gmtime_r(&now.tv_sec, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        let date = unsafe "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return
            unsafe "\(date)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds)Z"
    }
}
