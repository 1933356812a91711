import Routing
import Testing

@testable import Proxy

@Suite("What holds in whatever order things happen to a request that is asked")
struct AskMachineWalkTests {
    /// The same in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private enum Event: CaseIterable {
        case choosesOne, choosesFull, choosesNobody, takesPlace, findsNoPlace
        case entersQueue, waits, findsQueueFull, isCalled, isCalledInVain, queueDeadline
        case connectsAnew, findsIdle, findsShared, isNotConnected, isNotConnectedTooLate
        case commits, begins, decides, isLost, isUnprocessed, wantsHTTP1, isMalformed, stalls, answerDeadline
        case releases, cancels
    }

    /// A world in which all happens that the machine may be told, at any time; and what must never be.
    private struct World: ~Copyable {
        var machine: AskMachine
        let rules: AskMachine.Rules
        var lent: AskLoans = []
        var step = OnAsk.Step.wait
        var asks = 0
        var retries = 0
        var hasCommitted = false
        var isAsked = false
        var isAnswered = false
        var isCancelled = false
        var outcomes = 0
        var complaints: [String] = []

        init(_ rules: AskMachine.Rules) {
            self.rules = rules
            machine = AskMachine(rules)
            take(machine.begin())
        }

        var isOver: Bool { outcomes > 0 || isCancelled }

        mutating func happens(_ event: Event) {
            switch event {
            case .choosesOne, .choosesFull, .choosesNobody:
                guard case .choose = step else { return }
                step = .wait
                let choice: AskMachine.Choice =
                    event == .choosesOne ? .backend : event == .choosesFull ? .full : .nobody
                take(machine.chose(choice))
            case .takesPlace, .findsNoPlace:
                guard step == .take else { return }
                step = .wait
                if event == .takesPlace { borrow(.place) }
                take(machine.took(event == .takesPlace))
            case .entersQueue, .waits, .findsQueueFull: joins(event)
            case .isCalled, .isCalledInVain:
                guard lent.contains(.queueNumber) else { return }
                lent.remove(.queueNumber)
                if event == .isCalled { borrow(.place) }
                take(machine.called(event == .isCalled))
            case .queueDeadline:
                guard lent.contains(.queueDeadline) else { return }
                lent.remove(.queueDeadline)
                take(machine.queueTimedOut())
            case .connectsAnew, .findsIdle, .findsShared, .isNotConnected, .isNotConnectedTooLate:
                connects(event)
            case .commits, .begins, .decides, .isLost, .isUnprocessed, .wantsHTTP1, .isMalformed, .stalls,
                .answerDeadline:
                answers(event)
            case .releases:
                guard isAnswered else { return }
                take(machine.released())
                if lent != [] { complaints.append("kept after the release: \(lent.rawValue)") }
            case .cancels:
                (isCancelled, isAsked) = (true, false)
                take(machine.cancel())
                step = .wait
                if lent != [] { complaints.append("kept after a cancel: \(lent.rawValue)") }
            }
            check()
        }

        private mutating func joins(_ event: Event) {
            guard step == .queue else { return }
            step = .wait
            switch event {
            case .entersQueue:
                borrow(.place)
                take(machine.joined(.entered))
            case .waits:
                borrow(.queueNumber)
                take(machine.joined(.waiting))
            default: take(machine.joined(.full))
            }
        }

        private mutating func connects(_ event: Event) {
            guard case .connect(let way) = step else { return }
            guard event != .findsIdle || way.takesIdle, event != .findsShared || way.takesShared else {
                return
            }
            step = .wait
            switch event {
            case .connectsAnew: take(machine.connected(.new))
            case .findsIdle: take(machine.connected(.idle))
            case .findsShared: take(machine.connected(.shared))
            default:
                lent.remove(.connection)
                take(
                    machine.notConnected(Fault(.unreachable(.connect)), at: event == .isNotConnected ? 1 : 99)
                )
            }
        }

        private mutating func answers(_ event: Event) {
            if event == .answerDeadline, !lent.contains(.answerDeadline) { return }
            guard isAsked else { return }
            switch event {
            case .commits:
                hasCommitted = true
                machine.committed()
            case .begins: machine.begun()
            case .decides:
                isAsked = false
                isAnswered = true
                outcomes += 1
                lent.remove(.connection)
                take(machine.decided())
            case .isLost: fails(.ended(.ended, isAnswered: machine.hasBegun))
            case .isUnprocessed: fails(Fault(.unprocessed, .refusedStream))
            case .wantsHTTP1: fails(Fault(.wantsHTTP1))
            case .isMalformed: fails(Fault(.malformed))
            case .stalls: fails(Fault(.noAnswer(hasBegun: machine.hasBegun)))
            default:
                lent.remove(.answerDeadline)
                let fault = Fault(.noAnswer(hasBegun: machine.hasBegun))
                isAsked = false
                judge(machine.answerTimedOut(), after: fault)
            }
        }

        private mutating func fails(_ fault: Fault) {
            isAsked = false
            judge(machine.failed(fault), after: fault)
        }

        /// It may be asked again only where its fault says so.
        private mutating func judge(_ decision: OnAsk, after fault: Fault) {
            let goesOn: Bool
            switch decision.step {
            case .choose, .connect: goesOn = true
            case .wait, .take, .queue, .ask, .end: goesOn = false
            }
            let isSafe =
                switch fault.retry {
                case .safe: !hasCommitted
                case .ifRepeatable: rules.isRepeatable && !hasCommitted
                case .ifUpgrade: rules.isUpgrade
                case .never: false
                }
            if goesOn, !isSafe { complaints.append("asked again after \(fault.kind)") }
            if !goesOn, decision.step != .end(fault) { complaints.append("a failure without an end") }
            take(decision)
        }

        private mutating func borrow(_ loan: AskLoans) {
            if lent.contains(loan) { complaints.append("lent twice: \(loan.rawValue)") }
            lent.insert(loan)
        }

        private mutating func take(_ decision: OnAsk) {
            if isOver, decision.step != .wait || decision.arms != [] || decision.verdict != nil {
                complaints.append("decisions after the end: \(decision)")
            }
            if !lent.isSuperset(of: decision.returns) {
                complaints.append("given back and not lent: \(decision.returns.rawValue)")
            }
            lent.subtract(decision.returns)
            if !lent.isDisjoint(with: decision.arms) { complaints.append("armed twice") }
            lent.formUnion(decision.arms)
            if decision.arms.contains(.queueDeadline), !rules.boundsQueue { complaints.append("no limit") }
            if decision.arms.contains(.answerDeadline), !rules.boundsAnswer { complaints.append("no limit") }
            if case .retried = decision.verdict { retries += 1 }
            switch decision.step {
            case .wait: return
            case .connect: borrow(.connection)
            case .ask:
                if isAnswered { complaints.append("asked after an answer") }
                asks += 1
                isAsked = true
                if rules.isUpgrade, !lent.contains(.place) { complaints.append("asked without a place") }
                if rules.boundsAnswer, !lent.contains(.answerDeadline) { complaints.append("no deadline") }
            case .end: outcomes += 1
            case .choose, .take, .queue: break
            }
            step = decision.step
        }

        private mutating func check() {
            if outcomes > 1 { complaints.append("two outcomes") }
            if retries > 2 { complaints.append("more retries than allowed") }
            if isOver, !isAnswered, lent != [] { complaints.append("kept at the end: \(lent.rawValue)") }
            if isAnswered, !lent.isSubset(of: .place) { complaints.append("kept: \(lent.rawValue)") }
            if lent.contains(.queueDeadline), lent.contains(.place) {
                complaints.append("waits with a place")
            }
            if lent.contains(.answerDeadline), !isAsked { complaints.append("a deadline of nothing") }
            if !isOver, lent.contains(.queueNumber), rules.boundsQueue, !lent.contains(.queueDeadline) {
                complaints.append("waits without a deadline")
            }
            // Somebody must be about to do something.
            let isWaiting = step != .wait || lent.contains(.queueNumber) || isAsked
            if !isOver, !isWaiting { complaints.append("nothing is waited for") }
        }

        /// Whatever else happens, all backends failing brings it to an end.
        mutating func runOut(_ failure: Event) {
            for _ in 0..<200 where !isOver {
                for event in [Event.choosesOne, .takesPlace, .entersQueue, .isCalledInVain, .connectsAnew] {
                    happens(event)
                }
                happens(failure)
            }
            if !isOver { complaints.append("asks without end") }
            if isAnswered { happens(.releases) }
            if lent != [] { complaints.append("kept in the end: \(lent.rawValue)") }
        }
    }

    private static let rules: [AskMachine.Rules] = [
        (true, true, true), (true, true, false), (false, true, false), (false, false, false),
    ].map { isUpgrade, isRepeatable, isBound in
        AskMachine.Rules(
            isUpgrade: isUpgrade, isRepeatable: isRepeatable,
            allowance: RetryAllowance(attempts: 2, connectTimeout: .nanoseconds(10), now: 0),
            boundsQueue: isBound, boundsAnswer: isBound)
    }

    /// Ways to each state.
    private static let beginnings: [[Event]] = [
        [], [.choosesOne], [.choosesFull], [.choosesFull, .waits], [.choosesOne, .takesPlace],
        [.choosesOne, .takesPlace, .findsIdle], [.choosesOne, .takesPlace, .findsShared],
        [.choosesOne, .takesPlace, .connectsAnew], [.choosesOne, .takesPlace, .connectsAnew, .begins],
        [.choosesOne, .takesPlace, .connectsAnew, .decides],
    ]

    @Test("every order of two events, from each beginning", arguments: 0..<4)
    func pairs(index: Int) {
        for beginning in Self.beginnings {
            for first in Event.allCases {
                for second in Event.allCases {
                    var world = World(Self.rules[index])
                    for event in beginning + [first, second] { world.happens(event) }
                    world.runOut(.isMalformed)
                    let complaints = world.complaints
                    #expect(complaints == [], "\(beginning), \(first), \(second)")
                }
            }
        }
    }

    private static let ends: [Event] = [
        .choosesNobody, .findsQueueFull, .queueDeadline, .isNotConnectedTooLate, .isMalformed, .cancels,
    ]

    @Test("a random walk", arguments: 0..<4)
    func walk(index: Int) {
        var random = Generator(state: UInt64(index))
        var answered = 0
        for _ in 0..<2_000 {
            var world = World(Self.rules[index])
            var events: [Event] = []
            for _ in 0..<60 {
                guard let event = Event.allCases.randomElement(using: &random) else { continue }
                // A walk that ends at once shows little.
                if Self.ends.contains(event), Int.random(in: 0..<10, using: &random) > 0 { continue }
                events.append(event)
                world.happens(event)
            }
            world.runOut(.isUnprocessed)
            if world.isAnswered { answered += 1 }
            let complaints = world.complaints
            #expect(complaints == [], "\(events)")
            if !complaints.isEmpty { return }
        }
        #expect(answered > 100)
    }
}
