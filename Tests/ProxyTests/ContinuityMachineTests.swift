import Configuration
import Testing

@testable import Proxy

@Suite("A session whose backend goes")
struct ContinuityMachineTests {
    private static let second: UInt64 = 1_000_000_000

    private func machine(_ change: (inout ContinuityConfiguration) -> Void = { _ in }) -> ContinuityMachine {
        var rules = ContinuityConfiguration()
        change(&rules)
        return ContinuityMachine(rules)
    }

    private func send(_ machine: inout ContinuityMachine, _ count: Int, at now: UInt64 = 0) {
        for _ in 0..<count { _ = machine.clientMessage(at: now) }
    }

    @Test(
        "a planned move: the new one is opened first, then the old is told, then it takes over with what waited"
    )
    func planned() {
        var machine = machine()
        #expect(machine.clientMessage(at: 0) == .passes)
        #expect(machine.moves(.drain, at: 1) == ContinuityOrders(asks: 0))
        #expect(machine.moves(.drain, at: 1) == .none)
        #expect(machine.asking() && machine.attempts == 1)
        #expect(machine.clientMessage(at: 2) == .passes)
        #expect(machine.accepted(at: 3) == ContinuityOrders(parts: true))
        #expect(machine.clientMessage(at: 4) == .waits(.none))
        #expect(
            machine.closed(1012, at: 9, spread: 5)
                == ContinuityOrders(
                    releases: true, takesOver: Takeover(from: 3, missed: 6, reason: .drain)))
        #expect(machine.isSettled && machine.count.waiting == 0 && machine.deadline == nil)
    }

    @Test("it may stay after all, as long as the old one was not told")
    func stays() {
        var machine = machine()
        _ = machine.moves(.drain, at: 1)
        _ = machine.asking()
        #expect(machine.stays() == ContinuityOrders(forgets: true) && machine.isSettled)
        #expect(machine.accepted(at: 2) == ContinuityOrders(forgets: true))
        _ = machine.moves(.drain, at: 3)
        _ = machine.asking()
        _ = machine.accepted(at: 4)
        #expect(machine.stays() == .none && machine.isParting)
    }

    @Test(
        "what was sent and not known to be read goes again, or is given up",
        arguments: [
            (ContinuityConfiguration.Delivery.atMostOnce, 6 as UInt64, 2 as UInt64),
            (.atLeastOnce, 4, 2),
        ])
    func loss(delivery: ContinuityConfiguration.Delivery, from: UInt64, uncertain: UInt64) {
        var machine = machine { $0.delivery = delivery }
        send(&machine, 3)
        let number = machine.pings(at: 0)
        #expect(machine.ponged(number) == true)
        send(&machine, 2)
        #expect(
            machine.lost(at: 10, spread: 7)
                == ContinuityOrders(releases: true, uncertain: uncertain, asks: 7))
        #expect(machine.asking() == true)
        send(&machine, 1)
        #expect(
            machine.accepted(at: 30)
                == ContinuityOrders(takesOver: Takeover(from: from, missed: 20, reason: .loss)))
    }

    @Test("whose client speaks asks at once, and does not knock again and again")
    func speakers() {
        var machine = machine()
        #expect(machine.closed(1012, at: 1, spread: 100) == ContinuityOrders(answers: true, asks: 100))
        #expect(machine.clientMessage(at: 2) == .waits(ContinuityOrders(asks: 0)))
        #expect(machine.asking() == true)
        #expect(machine.clientMessage(at: 3) == .waits(.none))
        #expect(machine.failed(isGone: false, at: 4, jitter: 0).asks == 50_000_000)
        #expect(machine.clientMessage(at: 5) == .waits(.none))
        // Another loss is another beginning.
        #expect(machine.asking() == true)
        _ = machine.accepted(at: 6)
        _ = machine.ended(isTaken: true, at: 7, spread: 0)
        _ = machine.lost(at: 8, spread: 100)
        #expect(machine.clientMessage(at: 9) == .waits(ContinuityOrders(asks: 0)))
    }

    @Test("a login is sent again first, and its answer is not passed on twice")
    func replay() {
        var machine = machine {
            $0.replayFirst = 2
            $0.skipFirst = 2
        }
        send(&machine, 1)
        #expect(machine.backendMessage() == true)
        _ = machine.lost(at: 1, spread: 0)
        _ = machine.asking()
        // One had been sent; the next ones go for the first time.
        send(&machine, 2)
        let orders = machine.accepted(at: 2)
        #expect(orders.takesOver?.replays == 1 && orders.takesOver?.from == 2)
        // One had been had.
        #expect(!machine.backendMessage() && machine.backendMessage() && machine.backendMessage())
        _ = machine.lost(at: 3, spread: 0)
        _ = machine.asking()
        #expect(machine.accepted(at: 4).takesOver?.replays == 2)
        #expect(!machine.backendMessage() && !machine.backendMessage() && machine.backendMessage())
    }

    @Test(
        "only what the configuration names is outlived",
        arguments: [
            (ContinuityConfiguration.Occasion.loss, true, false), (.close, false, true),
            (.drain, false, false),
        ])
    func occasions(on: ContinuityConfiguration.Occasion, loss: Bool, close: Bool) {
        var lost = machine { $0.on = [on] }
        #expect((lost.lost(at: 1, spread: 0).ends == nil) == loss)
        var closed = machine { $0.on = [on] }
        #expect((closed.closed(1012, at: 1, spread: 0).ends == nil) == close)
    }

    @Test(
        "a backend's Close is outlived where it says that the backend goes, not where it says that the session is over"
    )
    func codes() {
        for code in [1001, 1012, 1013] as [UInt16] {
            var machine = machine()
            #expect(machine.closed(code, at: 1, spread: 3) == ContinuityOrders(answers: true, asks: 3))
        }
        for code in [nil, 1000, 1002, 1008, 1009, 1011, 3000, 4000] as [UInt16?] {
            var machine = machine()
            #expect(machine.closed(code, at: 1, spread: 3) == ContinuityOrders(forgets: true, ends: .asEver))
        }
    }

    @Test("a backend that has closed has read all when it ends in order, and only then")
    func ends() {
        for isTaken in [true, false] {
            var machine = machine()
            send(&machine, 3)
            _ = machine.closed(1012, at: 1, spread: 0)
            let orders = machine.ended(isTaken: isTaken, at: 2, spread: 0)
            #expect(orders == ContinuityOrders(releases: true, uncertain: isTaken ? 0 : 3))
        }
        // One that just ends has read who knows what.
        var machine = machine()
        send(&machine, 3)
        #expect(machine.ended(isTaken: true, at: 2, spread: 0).uncertain == 3)
    }

    @Test("tries follow each other more and more slowly, until the client has waited for long enough")
    func patience() {
        var machine = machine { $0.within = .seconds(3) }
        _ = machine.lost(at: 5, spread: 0)
        #expect(machine.deadline == 5 + 3 * Self.second)
        var waits: [UInt64] = []
        for time in 0..<6 as Range<UInt64> {
            #expect(machine.asking() == true)
            waits.append(machine.failed(isGone: false, at: 10 + time, jitter: 1).asks ?? 0)
        }
        #expect(waits == [100, 200, 400, 800, 1000, 1000].map { $0 * 1_000_000 })
        #expect(machine.timeIsUp(at: 3 * Self.second) == .none)
        #expect(machine.timeIsUp(at: 5 + 3 * Self.second) == ContinuityOrders(forgets: true, ends: .lost))
        #expect(!machine.asking() && machine.deadline == nil)
    }

    @Test("what the client is told in the end depends on what it waited for")
    func endings() {
        var closed = machine()
        _ = closed.closed(1001, at: 0, spread: 0)
        #expect(closed.timeIsUp(at: 15 * Self.second).ends == .restarts)
        var drained = machine()
        _ = drained.moves(.drain, at: 0)
        // It is still carried: the order is carried out in its other way.
        #expect(drained.timeIsUp(at: 15 * Self.second).ends == .asOrdered)
        var gone = machine()
        _ = gone.lost(at: 0, spread: 0)
        _ = gone.asking()
        #expect(gone.failed(isGone: true, at: 1, jitter: 0).ends == .notResumable)
        var patient = machine { $0.within = .zero }
        _ = patient.lost(at: 0, spread: 0)
        #expect(patient.deadline == nil && patient.timeIsUp(at: .max) == .none)
    }

    @Test("while a large message streams the session can't move, and ends with its backend")
    func streams() {
        for side in SessionSide.allCases {
            var machine = machine()
            machine.streamBegins(from: side)
            _ = machine.moves(.drain, at: 1)
            _ = machine.asking()
            #expect(machine.accepted(at: 2) == .none)
            #expect(machine.streamEnds(from: side, at: 3) == ContinuityOrders(parts: true))
            var lost = self.machine()
            lost.streamBegins(from: side)
            #expect(lost.lost(at: 1, spread: 0).ends == .asEver)
        }
    }

    @Test("one that sleeps wakes for a message, and waits for nobody until then")
    func hibernation() {
        var machine = machine()
        send(&machine, 1)
        #expect(machine.sleeps(at: 1) == ContinuityOrders(parts: true))
        #expect(machine.closed(1001, at: 2, spread: 0) == ContinuityOrders(releases: true))
        #expect(machine.isAsleep && machine.deadline == nil && machine.clientCloses(at: 3))
        #expect(machine.clientMessage(at: 10) == .waits(ContinuityOrders(asks: 0)))
        #expect(machine.asking() && machine.moveReason == .wake)
        #expect(
            machine.accepted(at: 30)
                == ContinuityOrders(takesOver: Takeover(from: 2, missed: 20, reason: .wake)))
    }

    @Test("a message that crosses the closing of one that falls asleep wakes it")
    func crossing() {
        var machine = machine()
        _ = machine.sleeps(at: 1)
        #expect(machine.clientMessage(at: 2) == .waits(ContinuityOrders(asks: 0)))
        #expect(machine.asking() && machine.accepted(at: 3) == .none)
        #expect(machine.closed(1001, at: 4, spread: 0).takesOver?.from == 1)
    }

    @Test("a client's Close comes behind its messages, and behind the last words of the backend")
    func clientCloses() {
        var carried = machine()
        _ = carried.moves(.drain, at: 0)
        #expect(carried.clientCloses(at: 1) == true)
        var parting = machine()
        _ = parting.closed(1012, at: 0, spread: 0)
        #expect(parting.clientCloses(at: 1) == false)
        let orders = parting.ended(isTaken: true, at: 2, spread: 0)
        #expect(orders.passesClose && orders.releases)
        var lost = machine()
        _ = lost.lost(at: 0, spread: 0)
        #expect(lost.clientCloses(at: 1) == true)
        var waiting = machine()
        _ = waiting.lost(at: 0, spread: 0)
        send(&waiting, 1, at: 1)
        #expect(!waiting.clientCloses(at: 2) && waiting.asking())
        let last = waiting.accepted(at: 3)
        #expect(last.passesClose && last.takesOver?.from == 1)
    }
}
