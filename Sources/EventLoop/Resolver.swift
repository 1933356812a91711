internal import CLinux
internal import Synchronization

/// Turns names into addresses on threads of its own: getaddrinfo may block for seconds. A name that begins with an
/// underscore, asked for with port 0, is one of services (RFC 2782).
///
/// Answers come back through the mailbox of the loop that asked.
package final class Resolver: Sendable {
    /// What a lookup found, or why it found nothing.
    package enum Answer: Sendable {
        ///
        /// - Parameters:
        ///   - lifetime: nanoseconds for which it holds; nil where nobody says, or it was not asked for.
        ///   - unusable: what else the answer had: addresses that no peer can have.
        case found([Endpoint], lifetime: UInt64?, unusable: [String])
        case failed(String)
        /// It could not be asked: this process or machine is out of something (see `SystemError.shortage`).
        case lacking(SystemError)
    }

    private struct Request: Sendable {
        let name: String
        let port: UInt16
        let wantsLifetime: Bool
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
    /// And so many are looked at: about what an answer over TCP has room for.
    private static let mostRead = 4096
    /// And so many of those are named that are of no use.
    private static let mostUnusable = 8
    /// The same of records of a service, which are longer.
    private static let mostRecords = 1024
    /// Nanoseconds that the names of one service may take.
    private static let patience: UInt64 = 15_000_000_000
    private let state = Mutex(State())

    /// Starts no thread until it is asked.
    package init() {}

    /// Looks a name up; `done` runs on the loop behind `mailbox`.
    ///
    /// - Parameter wantsLifetime: asks the name servers how long the answer holds, which getaddrinfo doesn't tell.
    package func resolve(
        _ name: String, port: UInt16, wantsLifetime: Bool = false, answerTo mailbox: Mailbox,
        done: @escaping @Sendable (EventLoop, Answer) -> Void
    ) {
        let request = Request(
            name: name, port: port, wantsLifetime: wantsLifetime, mailbox: mailbox, done: done)
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
            let answer = Self.answer(request)
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

    private static func answer(_ request: Request) -> Answer {
        if request.port == 0, request.name.hasPrefix("_") { return services(request.name) }
        let answer = lookUp(request.name, port: request.port)
        guard request.wantsLifetime, case .found(let endpoints, _, let unusable) = answer else {
            return answer
        }
        return .found(endpoints, lifetime: lifetime(request.name, of: endpoints), unusable: unusable)
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
        while let current = unsafe entry, addresses.count < mostRead {
            unsafe addresses.append(contentsOf: copyAddress(current.pointee).map { [$0] } ?? [])
            unsafe entry = current.pointee.ai_next
        }
        return judged(addresses)
    }

    /// What is made of the addresses of a name. Some name servers say that there is none by 0.0.0.0; to connect to it would
    /// be to connect to ourselves.
    static func judged(_ addresses: [SocketAddress]) -> Answer {
        let found = chosen(addresses.filter(\.isOfOnePeer).map { Endpoint($0) })
        let unusable = chosen(addresses.filter { !$0.isOfOnePeer }.map { Endpoint($0) })
            .prefix(mostUnusable).map(\.address.host)
        if !found.isEmpty { return .found(found, lifetime: nil, unusable: unusable) }
        return .failed(
            unusable.isEmpty
                ? "no address" : "no address that a peer can have: \(unusable.joined(separator: " "))")
    }

    /// Each address once, and of more than can be had the same ones each time: name servers change the order of their
    /// answers, and backends that come and go with it would keep nothing of what is known of them.
    static func chosen(_ endpoints: [Endpoint]) -> [Endpoint] {
        var seen: Set<String> = []
        let distinct = endpoints.map { ($0, $0.address.description) }.filter { seen.insert($0.1).inserted }
        guard distinct.count > mostAddresses else { return distinct.map(\.0) }
        let ordered = distinct.sorted { ($0.0.priority, $0.1) < ($1.0.priority, $1.1) }
        return ordered.prefix(mostAddresses).map(\.0)
    }

    /// A service's targets that have addresses.
    static func services(_ name: String) -> Answer {
        var list = [trunkline_service](repeating: trunkline_service(), count: mostRecords)
        var failure: Int32 = 0
        let count = unsafe trunkline_services(name, &list, Int32(list.count), &failure)
        guard count >= 0 else { return serviceFailure(failure) }
        let records = list.prefix(Int(count))
        let services = records.map { record in
            Service(
                target: unsafe withUnsafeBytes(of: record.target) { unsafe text($0) }, port: record.port,
                priority: Int(record.priority), weight: Int(record.weight))
        }
        let lifetime = records.map(\.lifetime).min().map { UInt64($0) * 1_000_000_000 }
        return targets(
            Service.groups(Service.chosen(services, most: mostAddresses)), lifetime,
            until: EventLoop.clock + patience
        ) {
            lookUp($0.target, port: $0.port)
        }
    }

    /// The addresses of all targets, the most preferred first. Of those that have none only the last is told; where names
    /// are slow, it goes without those that are left.
    static func targets(
        _ groups: [[Service]], _ lifetime: UInt64?, until deadline: UInt64, _ lookUp: (Service) -> Answer
    ) -> Answer {
        var last = Answer.failed("no service")
        var endpoints: [Endpoint] = []
        var unusable: [String] = []
        for group in groups {
            for (service, share) in zip(group, Service.shares(group)) {
                guard EventLoop.clock < deadline, endpoints.count < mostAddresses else { break }
                let answer = lookUp(service)
                guard case .found(let found, _, let refused) = answer else {
                    last = answer
                    continue
                }
                endpoints += found.map { Endpoint($0.address, weight: share, priority: service.priority) }
                unusable += refused.prefix(mostUnusable - min(unusable.count, mostUnusable))
            }
        }
        guard !endpoints.isEmpty else { return last }
        return .found(chosen(endpoints), lifetime: lifetime, unusable: unusable)
    }

    /// Bytes up to the first zero.
    @unsafe private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// By h_errno's numbers (netdb.h).
    static func serviceFailure(_ code: Int32) -> Answer {
        switch code {
        case 1: return .failed("Service not known")
        case 2: return .failed("Temporary failure in name resolution")
        case 3: return .failed("Non-recoverable failure in name resolution")
        case 4: return .failed("No service associated with name")
        default:
            let error = SystemError("res_nsearch")
            return error.shortage == nil ? .failed(error.description) : .lacking(error)
        }
    }

    /// The shorter of what holds for IPv4 and IPv6, of those that were found.
    private static func lifetime(_ name: String, of endpoints: [Endpoint]) -> UInt64? {
        let isSixth = Set(endpoints.map { $0.address.family == AF_INET6 })
        let seconds = isSixth.compactMap { isSixth -> Int64? in
            let found = unsafe trunkline_lifetime(name, isSixth ? 28 : 1)  // AAAA, A (RFC 3596, 1035)
            return found < 0 ? nil : found
        }
        return seconds.min().map { UInt64($0) * 1_000_000_000 }
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
