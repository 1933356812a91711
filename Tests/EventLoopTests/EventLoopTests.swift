import EventLoop
import Foundation
import Synchronization
import Testing

@Suite("Event loop")
struct EventLoopTests {
    private final class Target: TimerTarget {
        var fired: [UInt8] = []
        func timerFired(_ kind: UInt8) { fired.append(kind) }
    }

    @Test("timers fire in order and a cancelled one does not")
    func timers() throws {
        let loop = try EventLoop()
        let target = Target()
        _ = loop.schedule(target, kind: 2, after: 40_000_000)
        _ = loop.schedule(target, kind: 1, after: 10_000_000)
        let cancelled = loop.schedule(target, kind: 3, after: 20_000_000)
        loop.cancel(cancelled)
        #expect(loop.turn { target.fired.count == 2 })
        #expect(target.fired == [1, 2])
    }

    private final class Ended: TurnTarget {
        let loop: EventLoop
        var deadline: UInt64
        var turns = 0
        init(_ loop: EventLoop, by deadline: UInt64) { (self.loop, self.deadline) = (loop, deadline) }
        func turnEnded() {
            turns += 1
            if loop.now < deadline { loop.atTurnEnd(self, by: deadline) }
        }
    }

    @Test("who waits for a time within a tick is told by then, and at the end of each turn before")
    func turnEnds() throws {
        let loop = try EventLoop()
        let soon = Ended(loop, by: loop.now + 1_500_000)
        loop.atTurnEnd(soon, by: soon.deadline)
        let mailbox = loop.mailbox
        mailbox.post { _ in }
        loop.turn()
        #expect(soon.turns == 1 && loop.now < soon.deadline)
        while loop.now < soon.deadline { loop.turn() }
        // It doesn't spin: the kernel holds the loop until then.
        #expect((2...4).contains(soon.turns))
        #expect(loop.now >= soon.deadline)
        // Nobody waits any longer, and the loop sleeps.
        let before = EventLoop.clock
        loop.turn(limit: 20_000_000)
        #expect(EventLoop.clock - before >= 19_000_000 && soon.turns <= 4)
    }

    @Test("who asks without a time is told at the end of the next turn, which comes at once")
    func nextTurnEnd() throws {
        let loop = try EventLoop()
        let late = Ended(loop, by: loop.now + 60_000_000_000)
        let now = Ended(loop, by: 0)
        loop.atTurnEnd(late, by: late.deadline)
        loop.atTurnEnd(now)
        loop.turn()
        #expect(now.turns == 1 && late.turns == 1)
    }

    @Test("mail from many threads arrives, all of it")
    func mail() throws {
        let loop = try EventLoop()
        let count = Counter()
        let mailbox = loop.mailbox
        for _ in 0..<4 {
            try WorkerThread {
                for _ in 0..<500 { mailbox.post { _ in count.add() } }
            }.detach()
        }
        #expect(loop.turn { count.value == 2000 })
    }

    @Test("a loop that was held up reads what came meanwhile before it says that anything is late")
    func heldUp() throws {
        let loop = try EventLoop()
        let acceptor = Acceptor()
        let bound = try BoundListener(
            try #require(SocketAddress(ip: "127.0.0.1", port: 0)), sharesPort: false)
        let address = bound.address
        let listener = ListenerSocket(bound, on: loop, handler: acceptor)
        listener.start()
        let clients = try (0..<400).map { _ in try StreamSocket.connect(to: address, on: loop) }
        let recorders = clients.map { _ in Recorder() }
        #expect(loop.turn { acceptor.sockets.count == clients.count })
        for (socket, recorder) in zip(acceptor.sockets, recorders) {
            socket.handler = recorder
            socket.resumeReading()
        }
        loop.turn(limit: 1_000_000)
        let target = Target()
        _ = loop.schedule(target, kind: 1, after: 1_000_000)
        for client in clients { client.sendAtOnce([7].span) }
        Thread.sleep(forTimeInterval: 0.4)
        while target.fired.isEmpty { loop.turn() }
        #expect(recorders.allSatisfy { $0.received == [7] })
        for client in clients { client.close() }
    }

    @Test("work for the next turn may ask for more of it")
    func deferred() throws {
        let loop = try EventLoop()
        let target = Target()
        loop.nextTurn { [unowned loop] in
            target.fired.append(1)
            loop.nextTurn { target.fired.append(2) }
        }
        #expect(loop.turn { target.fired == [1, 2] })
    }

    private final class Ending: TurnTarget {
        let target: Target
        unowned let loop: EventLoop
        var left = 2
        init(_ target: Target, _ loop: EventLoop) { (self.target, self.loop) = (target, loop) }
        func turnEnded() {
            target.fired.append(1)
            left -= 1
            if left > 0 { loop.atTurnEnd(self) }
        }
    }

    @Test("the end of a turn is told once, before deferred work")
    func turnEnd() throws {
        let loop = try EventLoop()
        let target = Target()
        let ending = Ending(target, loop)
        loop.atTurnEnd(ending)
        loop.nextTurn { target.fired.append(2) }
        loop.turn(limit: 0)
        #expect(target.fired == [1, 2])
        loop.turn()
        #expect(target.fired == [1, 2, 1])
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        func add() { count.add(1, ordering: .relaxed) }
        var value: Int { count.load(ordering: .relaxed) }
    }
}
