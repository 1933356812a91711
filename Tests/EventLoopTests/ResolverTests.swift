import Synchronization
import Testing

@testable import EventLoop

@Suite("Resolver")
struct ResolverTests {
    @Test("names are resolved off the loop and answered on it; an unknown one says why")
    func resolver() throws {
        let loop = try EventLoop()
        let resolver = Resolver()
        let answers = Mutex<[String]>([])
        resolver.resolve("localhost", port: 80, answerTo: loop.mailbox) { _, answer in
            if case .found(let list, nil, _) = answer,
                list.allSatisfy({ $0.address.port == 80 && $0.weight == nil })
            {
                answers.withLock { $0.append("found") }
            }
        }
        resolver.resolve("no-such-name.invalid", port: 80, answerTo: loop.mailbox) { _, answer in
            if case .failed(let reason) = answer, !reason.isEmpty { answers.withLock { $0.append("failed") } }
        }
        let end = loop.now + 20_000_000_000
        while answers.withLock({ $0.count }) < 2, loop.now < end { loop.turn(limit: 10_000_000) }
        #expect(answers.withLock { $0.sorted() } == ["failed", "found"])
    }

    /// In a word: a failure, or what is lacking.
    private func word(_ code: Int32, system: Int32) -> String {
        switch Resolver.failure(code, system: system) {
        case .found: "addresses"
        case .failed(let reason): reason
        case .lacking(let error): error.shortage?.rawValue ?? "nothing"
        }
    }

    @Test("a lookup that could not be made is a shortage of ours, none of the name's")
    func shortages() {
        // glibc's numbers (netdb.h): EAI_NONAME -2, EAI_AGAIN -3, EAI_MEMORY -10, EAI_SYSTEM -11.
        #expect(word(-11, system: 24) == "descriptors" && word(-3, system: 24) == "descriptors")
        #expect(word(-10, system: 0) == "memory" && word(-11, system: 12) == "memory")
        #expect(word(-11, system: 13) == "getaddrinfo: Permission denied")
        #expect(word(-2, system: 0) == "Name or service not known")
        #expect(word(-3, system: 0) == "Temporary failure in name resolution")
    }

    @Test("of a service nobody knows the reason is said")
    func noService() {
        for code: Int32 in 1...4 {
            guard case .failed(let reason) = Resolver.serviceFailure(code) else {
                Issue.record("\(code)")
                continue
            }
            #expect(!reason.isEmpty)
        }
    }

    private func judged(_ addresses: [String]) throws -> String {
        let answer = Resolver.judged(try addresses.map { try #require(SocketAddress(ip: $0, port: 9001)) })
        return switch answer {
        case .found(let endpoints, _, let unusable):
            "\(endpoints.map(\.address.host)) \(unusable)"
        case .failed(let reason): reason
        case .lacking: "lacking"
        }
    }

    @Test("addresses that no peer can have are left out and named, such as 0.0.0.0, which is ourselves")
    func unusable() throws {
        for address in [
            "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255", "::", "ff02::1",
            "::ffff:0.0.0.0", "::ffff:224.0.0.1", "::ffff:255.255.255.255",
        ] {
            #expect(try judged([address, "10.0.0.1"]).hasPrefix("[\"10.0.0.1\"] [\""), "\(address)")
            #expect(try judged([address]).hasPrefix("no address that a peer can have: "), "\(address)")
        }
        for address in [
            "127.0.0.1", "10.0.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.254", "::1", "fe80::1",
            "2001:db8::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "1::",
        ] { #expect(try judged([address]).hasSuffix(" []"), "\(address)") }
        #expect(try judged([]) == "no address")
        // Not all of what a server likes to say stands in our log.
        #expect(try judged((0..<200).map { "0.0.0.\($0)" }).utf8.count < 200)
    }

    private func service(_ target: String, _ priority: Int, _ weight: Int = 0) -> Service {
        Service(target: target, port: 9001, priority: priority, weight: weight)
    }

    private func found(_ services: [Service], until deadline: UInt64 = .max) -> [String] {
        let answer = Resolver.targets(Service.groups(services), nil, until: deadline) { service in
            guard let address = SocketAddress(ip: service.target, port: service.port) else {
                return .failed("no \(service.target)")
            }
            return .found([Endpoint(address)], lifetime: nil, unusable: [])
        }
        switch answer {
        case .found(let endpoints, _, _):
            return endpoints.map { "\($0.address) \($0.weight ?? 0) \($0.priority)" }
        case .failed(let reason): return [reason]
        case .lacking: return []
        }
    }

    @Test("all targets of a service are had, the most preferred first, without those that lead nowhere")
    func targets() {
        #expect(
            found([
                service("10.0.0.3", 20, 5), service("10.0.0.1", 10, 1), service("gone", 10),
                service("10.0.0.2", 10, 3),
            ])
                == ["10.0.0.1:9001 1 10", "10.0.0.2:9001 3 10", "10.0.0.3:9001 5 20"])
        #expect(found([service("gone", 1), service("lost", 2)]) == ["no lost"])
        #expect(found([service(".", 1)]) == ["no service"])
    }

    @Test("a server that names more than can be had, or takes too long, is not followed to the end")
    func limits() {
        let many = (0..<1000).map { service("10.0.\($0 / 250).\($0 % 250)", $0 % 7) }
        #expect(found(many).count < 1000)
        #expect(found([service("10.0.0.1", 1)], until: 0) == ["no service"])
    }

    @Test("each address is had once, and of too many the same ones, in whatever order they come")
    func chosen() throws {
        let many = try (0..<700).map { number in
            Endpoint(
                try #require(SocketAddress(ip: "10.0.\(number / 250).\(number % 250)", port: 9001)),
                priority: number % 2)
        }
        let first = Resolver.chosen(many)
        #expect(first.count == Resolver.mostAddresses && first.allSatisfy { $0.priority == 0 })
        for _ in 0..<5 { #expect(Resolver.chosen((many + many).shuffled()) == first) }
        let few = [many[3], many[1], many[3], many[1]]
        #expect(Resolver.chosen(few) == [many[3], many[1]])
    }
}
