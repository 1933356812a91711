import EventLoop
import Synchronization
import Testing

@Suite("Resolver")
struct ResolverTests {
    @Test("names are resolved off the loop and answered on it; an unknown one says why")
    func resolver() throws {
        let loop = try EventLoop()
        let resolver = Resolver()
        let answers = Mutex<[String]>([])
        resolver.resolve("localhost", port: 80, answerTo: loop.mailbox) { _, answer in
            if case .addresses(let list) = answer, list.allSatisfy({ $0.port == 80 }) {
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
}
