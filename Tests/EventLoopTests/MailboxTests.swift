import EventLoop
import Synchronization
import Testing

@Suite("Mailbox")
struct MailboxTests {
    private final class Log: Sendable {
        private let entries = Mutex<[Int]>([])
        func add(_ entry: Int) { entries.withLock { $0.append(entry) } }
        var list: [Int] { entries.withLock { $0 } }
    }

    @Test("work of one sender runs in its order, on the loop")
    func order() throws {
        let loop = try EventLoop()
        let log = Log()
        for number in 0..<100 { loop.mailbox.post { _ in log.add(number) } }
        #expect(loop.turn { log.list.count == 100 })
        #expect(log.list == Array(0..<100))
    }

    @Test("work that posts work is not lost, and wakes a loop that would sleep")
    func reentrant() throws {
        let loop = try EventLoop()
        let log = Log()
        let mailbox = loop.mailbox
        mailbox.post { _ in
            log.add(1)
            mailbox.post { _ in log.add(2) }
        }
        loop.turn()
        // Without a wake-up this turn would wait for ever.
        loop.turn()
        #expect(log.list == [1, 2])
    }

    @Test("work gets the loop that it runs on")
    func loopGiven() throws {
        let loop = try EventLoop()
        let seen = Log()
        loop.owner = seen
        loop.mailbox.post { loop in (loop.owner as? Log)?.add(7) }
        loop.turn()
        #expect(seen.list == [7])
    }
}
