internal import CLinux
internal import Synchronization

/// Turns names into addresses on threads of its own: getaddrinfo may block for seconds.
///
/// Answers come back through the mailbox of the loop that asked.
package final class Resolver: Sendable {
    /// What a lookup found, or why it found nothing.
    package enum Answer: Sendable {
        case addresses([SocketAddress])
        case failed(String)
        /// It could not be asked: this process or machine is out of something (see `SystemError.shortage`).
        case lacking(SystemError)
    }

    private struct Request: Sendable {
        let name: String
        let port: UInt16
        let mailbox: Mailbox
        let done: @Sendable (EventLoop, Answer) -> Void
    }

    private struct State {
        var queue: [Request] = []
        var threads = 0
    }

    /// Slow servers must not stop the lookups of other names; more threads than this would help nobody.
    private static let mostThreads = 4
    /// Addresses that are taken of one answer: what a name server says doesn't set our size.
    static let mostAddresses = 256
    private let state = Mutex(State())

    /// Starts no thread until it is asked.
    package init() {}

    /// Looks a name up; `done` runs on the loop behind `mailbox`.
    package func resolve(
        _ name: String, port: UInt16, answerTo mailbox: Mailbox,
        done: @escaping @Sendable (EventLoop, Answer) -> Void
    ) {
        let request = Request(name: name, port: port, mailbox: mailbox, done: done)
        let startsThread = state.withLock { state in
            state.queue.append(request)
            guard state.threads < Self.mostThreads else { return false }
            state.threads += 1
            return true
        }
        guard startsThread else { return }
        do throws(SystemError) {
            try WorkerThread { [self] in serve() }.detach()
        } catch {
            state.withLock { $0.threads -= 1 }
            let answer = error.shortage == nil ? Answer.failed(error.description) : .lacking(error)
            mailbox.post { done($0, answer) }
        }
    }

    /// Works the queue off, then ends: lookups are rare and a thread costs memory.
    private func serve() {
        while let request = next() {
            let answer = Self.lookUp(request.name, port: request.port)
            request.mailbox.post { request.done($0, answer) }
        }
    }

    private func next() -> Request? {
        state.withLock { state in
            guard !state.queue.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    static func lookUp(_ name: String, port: UInt16) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        var system: Int32 = 0
        let code = unsafe trunkline_resolve(name, String(port), &hints, &list, &system)
        guard code == 0 else { return failure(code, system: system) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = unsafe list
        while let current = unsafe entry, addresses.count < mostAddresses {
            unsafe addresses.append(contentsOf: copyAddress(current.pointee).map { [$0] } ?? [])
            unsafe entry = current.pointee.ai_next
        }
        return addresses.isEmpty ? .failed("no address") : .addresses(addresses)
    }

    /// getaddrinfo says that a server gave no answer where it had no socket to ask with, so the system's word counts.
    static func failure(_ code: Int32, system: Int32) -> Answer {
        let error = SystemError(call: "getaddrinfo", code: code == EAI_MEMORY ? ENOMEM : system)
        if error.shortage != nil { return .lacking(error) }
        return .failed(code == EAI_SYSTEM ? error.description : unsafe String(cString: gai_strerror(code)))
    }

    /// The list is freed by getaddrinfo's rules, so each address is copied into storage of its own.
    @unsafe private static func copyAddress(_ info: addrinfo) -> SocketAddress? {
        let size = MemoryLayout<sockaddr_storage>.size
        guard let source = unsafe info.ai_addr, unsafe Int(info.ai_addrlen) <= size else { return nil }
        var storage = sockaddr_storage()
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw.copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(info.ai_addrlen)))
        }
        return unsafe SocketAddress(storage: storage, length: info.ai_addrlen)
    }
}
