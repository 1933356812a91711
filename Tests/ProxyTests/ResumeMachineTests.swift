import Configuration
import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("A session whose client comes back")
struct ResumeMachineTests {
    private static let second: UInt64 = 1_000_000_000
    private static let kicked = ClosePayload(CloseCode(rawValue: 4000), "kicked")

    private func machine(
        sent: Int = 0, _ change: (inout ResumeConfiguration) -> Void = { _ in }
    ) -> ResumeMachine {
        var rules = ResumeConfiguration()
        change(&rules)
        var machine = ResumeMachine(rules)
        for _ in 0..<sent { _ = machine.backendMessage() }
        return machine
    }

    @Test("it waits, and what the client has not had is sent again, in order, and what came meanwhile")
    func comesBack() {
        var machine = machine(sent: 3)
        #expect(machine.lost(at: 5 * Self.second) == .waits && machine.isAway)
        #expect(machine.deadline == 65 * Self.second)
        #expect(machine.backendMessage() == false)
        #expect(machine.returns(having: 2, at: 6 * Self.second) == .resumes(from: 3, then: nil))
        #expect(machine.isHere && machine.deadline == nil && machine.count.waiting == 0)
        #expect(machine.backendMessage() == true && machine.count.received == 5)
    }

    @Test(
        "a client that says it has had what it can't have, or what is not kept, gets nothing",
        arguments: [(0, false), (1, false), (2, true), (3, true), (4, false), (.max, false)]
            as [(UInt64, Bool)])
    func numbers(having number: UInt64, isRight: Bool) {
        var machine = machine(sent: 2)
        let asked = machine.pings(at: 0)
        #expect(machine.ponged(asked, at: 0) && machine.firstKept == 1)
        machine.releases(at: ResumeMachine.lingering, needsRoom: false)
        #expect(machine.firstKept == 3 && machine.releaseDue == nil)
        _ = machine.backendMessage()
        _ = machine.lost(at: 1)
        // It was never sent, so nobody can have it.
        _ = machine.backendMessage()
        #expect(
            machine.returns(having: number, at: 2)
                == (isRight
                    ? .resumes(from: number + 1, then: nil) : number < 2 ? .missedTooMuch : .neverSent))
        // Who claims to have had what nobody was sent changes nothing: the session waits for who is right.
        #expect(machine.isOver == (number < 2))
        if number > 3 { #expect(machine.returns(having: 2, at: 2) == .resumes(from: 3, then: nil)) }
    }

    @Test("what a Pong has confirmed is kept for a while, unless there is no room")
    func lingering() {
        for needsRoom in [false, true] {
            var machine = machine(sent: 2)
            let asked = machine.pings(at: 0)
            #expect(machine.ponged(asked, at: 1) && machine.releaseDue == ResumeMachine.lingering + 1)
            machine.releases(at: 2, needsRoom: needsRoom)
            _ = machine.lost(at: 3)
            #expect(
                machine.returns(having: 0, at: 4)
                    == (needsRoom ? .missedTooMuch : .resumes(from: 1, then: nil)))
        }
    }

    @Test("a second connection takes over from the first, which is there yet")
    func takeover() {
        var machine = machine(sent: 2)
        #expect(machine.returns(having: 1, at: 1) == .resumes(from: 2, then: nil))
        #expect(machine.isHere && machine.lost(at: 2) == .waits)
    }

    @Test("the time is up when it is up, and then nobody comes back")
    func tooLate() {
        var machine = machine { $0.within = .seconds(2) }
        #expect(machine.timeIsUp(at: 9 * Self.second) == false)
        _ = machine.lost(at: Self.second)
        #expect(machine.timeIsUp(at: 2 * Self.second) == false)
        #expect(machine.timeIsUp(at: 3 * Self.second) && machine.isOver)
        #expect(machine.returns(having: 0, at: 3 * Self.second) == .gone)
        #expect(machine.lost(at: 3 * Self.second) == .ends)
    }

    @Test("0 waits for ever")
    func forEver() {
        var machine = machine { $0.within = .zero }
        _ = machine.lost(at: Self.second)
        #expect(machine.deadline == nil && machine.timeIsUp(at: .max) == false)
    }

    @Test("full is full: held while the client is here, held or given up while it is away")
    func full() {
        for overflow in [ResumeConfiguration.Overflow.hold, .drop] {
            var machine = machine(sent: 1) {
                $0.buffer = 100
                $0.overflow = overflow
            }
            #expect(machine.keeps(99) == .goesOn && machine.keeps(100) == .stops)
            _ = machine.lost(at: 0)
            #expect(machine.keeps(99) == .goesOn)
            #expect(machine.keeps(100) == (overflow == .hold ? .stops : .givesUp))
            #expect(machine.keeps(100) == (overflow == .hold ? .stops : .goesOn))
            let found = machine.returns(having: 1, at: 1)
            if overflow == .hold {
                #expect(found == .resumes(from: 2, then: nil))
            } else {
                #expect(found == .gaveUp(ClosePayload(.tryAgainLater, "too much was missed")))
                #expect(machine.isOver == true)
            }
        }
    }

    @Test("the backend's Close comes behind what was missed; the first one counts")
    func farewell() {
        var machine = machine(sent: 2)
        #expect(machine.backendEnds(Self.kicked) == .ends && !machine.hasFarewell)
        _ = machine.lost(at: 0)
        #expect(machine.backendEnds(Self.kicked) == .waits && machine.hasFarewell)
        #expect(machine.backendEnds(ClosePayload(.internalError, "")) == .waits)
        #expect(machine.returns(having: 0, at: 1) == .resumes(from: 1, then: Self.kicked))
    }

    @Test("half a message that has passed can't be gone on with", arguments: [SessionSide.client, .backend])
    func streams(from side: SessionSide) {
        var machine = machine(sent: 1)
        machine.streamBegins(from: side)
        #expect(machine.lost(at: 0) == .ends)
        #expect(machine.returns(having: 1, at: 0) == .missedTooMuch)
        machine = self.machine(sent: 1)
        machine.streamBegins(from: side)
        machine.streamEnds(from: side)
        #expect(machine.count.received == (side == .backend ? 2 : 1))
        #expect(machine.lost(at: 1) == .waits)
        // What passed in parts is not kept.
        #expect(
            machine.returns(having: 1, at: 2)
                == (side == .backend ? .missedTooMuch : .resumes(from: 2, then: nil)))
    }

    @Test("it is asked what it has had: after a while, or at once where half of the room is taken")
    func pings() {
        var machine = machine { $0.buffer = 100 }
        #expect(machine.pingDue(keeping: 0) == nil)
        _ = machine.backendMessage()
        #expect(machine.pingDue(keeping: 10) == 0)
        _ = machine.pings(at: Self.second)
        #expect(machine.pingDue(keeping: 90) == nil)
        #expect(machine.ponged(1, at: Self.second) == true)
        _ = machine.backendMessage()
        #expect(machine.pingDue(keeping: 49) == Self.second + ResumeMachine.pingInterval)
        #expect(machine.pingDue(keeping: 50) == 0)
        _ = machine.lost(at: Self.second)
        #expect(machine.pingDue(keeping: 50) == nil)
    }

    @Test("a Pong of a connection that is gone counts no more")
    func latePong() {
        var machine = machine(sent: 2)
        let asked = machine.pings(at: 0)
        _ = machine.lost(at: 1)
        _ = machine.returns(having: 0, at: 2)
        #expect(machine.ponged(asked, at: 0) == false && machine.firstKept == 1)
    }

    @Test("what has ended stays so")
    func ended() {
        var machine = machine(sent: 1)
        machine.ends()
        #expect(machine.lost(at: 0) == .ends && machine.backendMessage() == false)
        #expect(machine.returns(having: 1, at: 0) == .gone && machine.keeps(.max) == .goesOn)
        #expect(machine.backendEnds(Self.kicked) == .ends && machine.deadline == nil)
    }
}
