import Testing

@testable import WebSocketProtocol

@Suite("Progress")
struct ProgressTests {
    /// Nothing is on its way.
    private static let quiet = Outflow(held: 0, left: 9000, end: 9000, acknowledged: 9000)

    private func ask(_ progress: inout Progress, at now: UInt64, _ flow: Outflow = quiet) {
        #expect(progress.check(at: now) { flow } == .ping)
        progress.asked(at: now, flow)
    }

    @Test("asks after the interval of silence, not a moment before, and gives up after the timeout")
    func silence() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        #expect(progress.nextCheck == 100)
        #expect(progress.check(at: 99) { Self.quiet } == .wait)
        ask(&progress, at: 100)
        #expect(progress.isAsked)
        #expect(progress.nextCheck == 150)
        #expect(progress.check(at: 149) { Self.quiet } == .wait)
        // The Ping itself has been acknowledged by the other kernel: that is no answer.
        let pinged = Outflow(held: 0, left: 9011, end: 9011, acknowledged: 9011)
        #expect(progress.check(at: 150) { pinged } == .dead)
    }

    @Test("the transport is asked only when a verdict depends on it")
    func looks() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        var looks = 0
        let look = { () -> Outflow in
            looks += 1
            return Self.quiet
        }
        for now: UInt64 in [1, 50, 99, 100] { _ = progress.check(at: now, look) }
        progress.asked(at: 100, Self.quiet)
        for now: UInt64 in [101, 149] { _ = progress.check(at: now, look) }
        #expect(looks == 0)
        #expect(progress.check(at: 150, look) == .dead && looks == 1)
    }

    @Test("anything heard puts the next Ping off, whether one is out or not")
    func heard() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        progress.heard(at: 30)
        #expect(progress.nextCheck == 130)
        #expect(progress.check(at: 100) { Self.quiet } == .wait)
        ask(&progress, at: 130)
        progress.heard(at: 179)
        #expect(!progress.isAsked)
        #expect(progress.nextCheck == 279)
        #expect(progress.check(at: 180) { Self.quiet } == .wait)
        ask(&progress, at: 279)
    }

    @Test("one that takes what is sent is not dead, however long it says nothing")
    func takes() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        /// All that has left has been acknowledged: the peer has no room for more.
        let flow = { (acknowledged: Int64) in
            let held = 91_000 - Int(acknowledged)
            return Outflow(
                held: held, left: UInt64(acknowledged), end: 91_000, acknowledged: acknowledged, unsent: held)
        }
        ask(&progress, at: 100, flow(1000))
        for step: UInt64 in 1...20 {
            #expect(progress.check(at: 100 + step * 50) { flow(1000 + Int64(step)) } == .wait)
        }
        // Then it takes nothing; the Ping has not left, and so it was not asked.
        for now: UInt64 in stride(from: 1150, to: 5000, by: 50) {
            #expect(progress.check(at: now) { flow(1020) } == .wait)
        }
        let left = Outflow(held: 0, left: 91_011, end: 91_011, acknowledged: 91_011)
        #expect(progress.check(at: 5000) { left } == .wait)
        #expect(progress.check(at: 5050) { left } == .dead)
    }

    @Test("what is in flight and never acknowledged asks as well as a Ping that stands behind it")
    func inFlight() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        let flow = { (acknowledged: Int64) in
            Outflow(held: 40_000, left: 60_000, end: 100_000, acknowledged: acknowledged, unsent: 40_000)
        }
        ask(&progress, at: 100, flow(1000))
        #expect(progress.check(at: 150) { flow(1001) } == .wait)
        #expect(progress.check(at: 200) { flow(1001) } == .dead)
    }

    @Test("on a shared connection a Ping has left when what was given to the connection has")
    func shared() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        let backlog = Outflow(held: 0, left: 9000, end: 70_000, acknowledged: 60_000, unsent: 10_000)
        ask(&progress, at: 100, backlog)
        #expect(progress.check(at: 150) { backlog } == .wait)
        #expect(progress.check(at: 200) { backlog } == .wait)
        let sent = Outflow(held: 0, left: 9011, end: 70_011, acknowledged: 70_011, unsent: 0)
        #expect(progress.check(at: 250) { sent } == .wait)
        #expect(progress.check(at: 300) { sent } == .dead)
    }

    @Test("a Ping that waits for the end of a frame starts no deadline")
    func withheld() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        #expect(progress.check(at: 100) { Self.quiet } == .ping)
        progress.withheld(at: 100)
        #expect(!progress.isAsked)
        for now: UInt64 in stride(from: 150, through: 5000, by: 50) {
            #expect(progress.nextCheck == now)
            #expect(progress.check(at: now) { Self.quiet } == .wait)
        }
        progress.asked(at: 5010, Self.quiet)
        #expect(progress.nextCheck == 5060)
        #expect(progress.check(at: 5060) { Self.quiet } == .dead)
    }

    @Test("one that is not read can't answer: its time begins when it is read again")
    func paused() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        ask(&progress, at: 100)
        progress.stopsReading(at: 120)
        for now: UInt64 in stride(from: 150, to: 200, by: 50) {
            #expect(progress.check(at: now) { Self.quiet } == .wait)
        }
        // It hears of us all the same.
        ask(&progress, at: 200)
        #expect(progress.check(at: 250) { Self.quiet } == .wait)
        progress.reads(at: 290)
        #expect(progress.nextCheck == 340)
        #expect(progress.check(at: 300) { Self.quiet } == .wait)
        #expect(progress.check(at: 340) { Self.quiet } == .dead)
    }

    @Test("a check that comes late still asks first")
    func late() {
        var progress = Progress(interval: 100, timeout: 50, now: 0)
        ask(&progress, at: 5000)
        #expect(progress.nextCheck == 5050)
    }

    @Test("an interval of 0 is off, a timeout of 0 waits for ever")
    func off() {
        var off = Progress(interval: 0, timeout: 50, now: 0)
        #expect(off.nextCheck == nil)
        #expect(off.check(at: .max) { Self.quiet } == .wait)
        var patient = Progress(interval: 100, timeout: 0, now: 0)
        ask(&patient, at: 100)
        #expect(patient.nextCheck == nil)
        #expect(patient.check(at: .max) { Self.quiet } == .wait)
        patient.heard(at: 900)
        #expect(patient.nextCheck == 1000)
    }

    @Test("times at the end of what can be counted don't overflow")
    func overflow() {
        var progress = Progress(interval: .max, timeout: .max, now: 7)
        #expect(progress.nextCheck == .max)
        ask(&progress, at: .max)
        #expect(progress.nextCheck == .max)
    }

    @Test("one that takes nothing of what stands before the Ping is given up as a slow consumer is")
    func stuck() {
        var progress = Progress(interval: 100, timeout: 50, slowConsumer: 200, now: 0)
        let flow = { (acknowledged: Int64) in
            let held = 91_000 - Int(acknowledged)
            return Outflow(
                held: held, left: UInt64(acknowledged), end: 91_000, acknowledged: acknowledged, unsent: held)
        }
        ask(&progress, at: 100, flow(1000))
        #expect(progress.check(at: 150) { flow(1000) } == .wait)
        #expect(progress.check(at: 200) { flow(2000) } == .wait)
        for now: UInt64 in stride(from: 250, to: 400, by: 50) {
            #expect(progress.check(at: now) { flow(2000) } == .wait)
        }
        #expect(progress.check(at: 400) { flow(2000) } == .stuck)
    }

    @Test("a look that comes late says that we were held up, and not the peer")
    func heldUp() {
        let second: UInt64 = 1_000_000_000
        var progress = Progress(interval: 30 * second, timeout: 15 * second, now: 0)
        ask(&progress, at: 30 * second)
        #expect(progress.check(at: 100 * second) { Self.quiet } == .wait)
        #expect(progress.nextCheck == 115 * second)
        #expect(progress.check(at: 115 * second) { Self.quiet } == .dead)
    }
}
