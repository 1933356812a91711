import Testing

@testable import Proxy

@Suite("Opening a feed again")
struct FeedMachineTests {
    private static let second: UInt64 = 1_000_000_000
    private static let millisecond: UInt64 = 1_000_000

    @Test("what never was open is not opened again")
    func firstFailure() {
        var machine = FeedMachine(reopens: true, within: 0)
        #expect(machine.failed(at: 5, jitter: 0) == .giveUp)
    }

    @Test("clients are sent away at once where the configuration says so")
    func closesOnLoss() {
        var machine = FeedMachine(reopens: false, within: 0)
        #expect(machine.opened(at: 0) == 0)
        #expect(machine.lost(at: 7, jitter: 0.5) == .giveUp)
    }

    @Test("the back-off doubles to five seconds, half of it jittered")
    func backOff() {
        var machine = FeedMachine(reopens: true, within: 0)
        _ = machine.opened(at: 0)
        #expect(machine.lost(at: 1, jitter: 0) == .reopen(after: 50 * Self.millisecond))
        #expect(machine.failed(at: 2, jitter: 1) == .reopen(after: 200 * Self.millisecond))
        #expect(machine.failed(at: 3, jitter: 0.5) == .reopen(after: 300 * Self.millisecond))
        for time in 4..<20 { _ = machine.failed(at: UInt64(time), jitter: 0) }
        #expect(machine.failed(at: 30, jitter: 1) == .reopen(after: 5 * Self.second))
        #expect(machine.failed(at: 31, jitter: -3) == .reopen(after: 2500 * Self.millisecond))
    }

    @Test("what is missed is told when it is over")
    func missed() {
        var machine = FeedMachine(reopens: true, within: 0)
        #expect(machine.opened(at: 10) == 0)
        _ = machine.lost(at: 100, jitter: 0)
        _ = machine.failed(at: 200, jitter: 0)
        #expect(machine.missing(at: 300) == 200 && machine.opened(at: 350) == 250)
        #expect(machine.missing(at: 400) == 0)
    }

    @Test("a connection that lasted begins the back-off anew, one that did not goes on with it")
    func anew() {
        var machine = FeedMachine(reopens: true, within: 0)
        _ = machine.opened(at: 0)
        _ = machine.lost(at: 1, jitter: 0)
        _ = machine.opened(at: 2)
        #expect(machine.lost(at: 3, jitter: 0) == .reopen(after: 100 * Self.millisecond))
        _ = machine.opened(at: 4)
        #expect(machine.lost(at: 6 * Self.second, jitter: 0) == .reopen(after: 50 * Self.millisecond))
    }

    @Test("patience has an end")
    func patience() {
        var machine = FeedMachine(reopens: true, within: Self.second)
        _ = machine.opened(at: 0)
        guard case .reopen = machine.lost(at: 5, jitter: 0) else { return #expect(Bool(false)) }
        guard case .reopen = machine.failed(at: Self.second, jitter: 0) else { return #expect(Bool(false)) }
        #expect(machine.failed(at: Self.second + 5, jitter: 0) == .giveUp)
    }

    @Test("other rules hold from where it stands")
    func adopts() {
        var machine = FeedMachine(reopens: true, within: 0)
        _ = machine.opened(at: 0)
        #expect(machine.patienceLeft(at: 1) == nil)
        _ = machine.lost(at: 10, jitter: 0)
        #expect(machine.patienceLeft(at: 20) == nil)
        machine.adopt(reopens: true, within: 100)
        #expect(machine.patienceLeft(at: 20) == 90 && machine.patienceLeft(at: 500) == 0)
        #expect(machine.failed(at: 110, jitter: 0) == .giveUp)
        machine.adopt(reopens: false, within: 100)
        #expect(machine.patienceLeft(at: 20) == nil && machine.failed(at: 20, jitter: 0) == .giveUp)
    }

    @Test("a feed that leaves its backend is without one, whatever becomes of losses")
    func left() {
        for reopens in [true, false] {
            var machine = FeedMachine(reopens: reopens, within: 0)
            _ = machine.opened(at: 0)
            machine.left(at: 100)
            #expect(machine.missing(at: 130) == 30)
            #expect(
                machine.failed(at: 130, jitter: 0)
                    == (reopens ? .reopen(after: 50 * Self.millisecond) : .giveUp))
        }
    }
}
