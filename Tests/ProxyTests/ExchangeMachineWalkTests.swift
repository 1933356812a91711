import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("What holds in whatever order things happen to a request and its answer")
struct ExchangeMachineWalkTests {
    /// The same in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private enum Event: CaseIterable {
        case asks, letsGo, body, bodyEnds, bodyPauses, bodyFills, backendTakes, backendFlushes
        case interim, interimFull, answers, answersEndlessly, answerBytes, answerEnds
        case answerPauses, answerFills, clientTakes, clientFlushes
        case answerTimer, silenceTimer, clientTimer, backendTimer
        case breaks, clientLeaves
    }

    /// A client, a backend and timers, as the decisions make them, and what must never happen to them.
    private struct World: ~Copyable {
        var machine: ExchangeMachine
        let limits: ExchangeLimits
        var now: UInt64 = 0
        var timers: [ExchangeTimer: UInt64] = [:]
        var isAsked = false
        var paused: Set<SessionSide> = []
        var outflows: [SessionSide: Outflow] = [.client: Outflow(), .backend: Outflow()]
        var isBodyOver: Bool
        var hasAnswer = false
        var isAnswerOver = false
        var interims = 0
        var ends: [ExchangeEnd] = []
        var hasLeft = false
        var complaints: [String] = []

        init(isWhole: Bool, _ limits: ExchangeLimits) {
            isBodyOver = isWhole
            self.limits = limits
            machine = ExchangeMachine(isWhole: isWhole, limits)
        }

        var isOver: Bool { hasLeft || !ends.isEmpty }

        mutating func happens(_ event: Event) {
            now += 3
            switch event {
            case .asks:
                if isAsked { return }
                isAsked = true
                let outflow = outflows[.backend] ?? Outflow()
                take(machine.asked(at: now) { outflow })
            case .letsGo:
                // The ask tells of it before an answer only.
                guard isAsked, !hasAnswer else { return }
                isAsked = false
                paused.remove(.backend)
                take(machine.unasked())
                if !isOver, timers[.answer] != nil || timers[.silence] != nil {
                    complaints.append("waits for nobody")
                }
            case .body, .bodyEnds, .bodyPauses, .bodyFills: request(event)
            case .backendTakes, .clientTakes:
                let side: SessionSide = event == .clientTakes ? .client : .backend
                outflows[side]?.left += 5_000
                outflows[side]?.end += 5_000
                outflows[side]?.acknowledged += 5_000
            case .backendFlushes: take(machine.backendFlushed(at: now))
            case .clientFlushes: take(machine.clientFlushed(at: now))
            case .answerTimer: fires(.answer)
            case .silenceTimer: fires(.silence)
            case .clientTimer: fires(.client)
            case .backendTimer: fires(.backend)
            case .breaks: take(machine.failed(Fault(.brokenOff, .ended)))
            case .clientLeaves:
                take(machine.cancelled())
                hasLeft = true
            default: answer(event)
            }
            check()
        }

        private mutating func request(_ event: Event) {
            let takesBody = machine.takesBody
            let outflow = outflows[.backend] ?? Outflow()
            switch event {
            case .body:
                let decision = machine.bodyReceived(40_000, at: now)
                if (decision.step == .pass) != takesBody, !isOver, decision.step == .wait {
                    complaints.append("a piece that was left out")
                }
                if decision.step == .pass, isBodyOver { complaints.append("a body behind its end") }
                take(decision)
            case .bodyEnds:
                let decision = machine.bodyEnded { outflow }
                if decision.step == .pass {
                    if isBodyOver { complaints.append("two ends of a body") }
                    isBodyOver = true
                }
                take(decision)
            default: take(machine.bodyPaused(isFull: event == .bodyFills, at: now))
            }
        }

        private mutating func answer(_ event: Event) {
            // Only one that was asked answers, and only one that is read.
            guard isAsked || isOver else { return }
            switch event {
            case .interim, .interimFull:
                let decision = machine.interim(isFull: event == .interimFull)
                if decision.step == .pass {
                    if hasAnswer { complaints.append("an interim answer behind the final one") }
                    if event == .interimFull || paused.contains(.backend) {
                        complaints.append("an interim answer without room")
                    }
                }
                take(decision)
            case .answers, .answersEndlessly:
                let decision = machine.answerBegan(isEndless: event == .answersEndlessly, at: now)
                if decision.step == .pass {
                    if hasAnswer { complaints.append("two answers") }
                    hasAnswer = true
                }
                take(decision)
            case .answerBytes:
                let decision = machine.answerReceived(at: now)
                if decision.step == .pass, !hasAnswer || isAnswerOver {
                    complaints.append("a body of no answer")
                }
                take(decision)
            case .answerEnds:
                let decision = machine.answerEnded()
                if decision.step == .pass {
                    if isAnswerOver { complaints.append("two ends of an answer") }
                    isAnswerOver = true
                }
                take(decision)
            default:
                take(
                    machine.answerPaused(isFull: event == .answerFills, keepsAlive: true, at: now))
            }
        }

        private mutating func fires(_ timer: ExchangeTimer) {
            guard let due = timers[timer] else { return }
            timers[timer] = nil
            now = max(now, due)
            let outflows = self.outflows
            take(machine.timerFired(timer, at: now) { outflows[$0] ?? Outflow() })
        }

        private mutating func take(_ decision: OnExchange) {
            if isOver, decision != OnExchange() { complaints.append("decisions after the end: \(decision)") }
            for timer in ExchangeTimer.allCases where decision.disarms.contains(.init(timer)) {
                timers[timer] = nil
            }
            if let arm = decision.arm { timers[arm.timer] = now + arm.delay }
            switch decision.step {
            case .wait, .pass: break
            case .flush: if !isBodyOver { complaints.append("sent without its body") }
            case .wantBody: if isBodyOver { complaints.append("wants a body that is over") }
            case .pause(let side):
                if !paused.insert(side).inserted { complaints.append("paused twice: \(side)") }
                if outflows[side.other]?.held == 0 { outflows[side.other]?.held = 9_000 }
            case .resume(let side):
                if paused.remove(side) == nil { complaints.append("resumed and not paused: \(side)") }
            case .end(let end): ends.append(end)
            }
        }

        private mutating func check() {
            if ends.count > 1 { complaints.append("two ends") }
            if isOver, !timers.isEmpty { complaints.append("armed after the end: \(timers.keys)") }
            if case .next = ends.first, !isAnswerOver || !isBodyOver {
                complaints.append("another request before the end of this one")
            }
            if case .last = ends.first, !isAnswerOver {
                complaints.append("an end in order of half an answer")
            }
            if case .refuse = ends.first, hasAnswer { complaints.append("two answers") }
            if case .broken(let fault) = ends.first, !hasAnswer, fault.kind != .clientStalls {
                complaints.append("broken off before it began")
            }
            guard !isOver else { return }
            if timers[.answer] != nil, hasAnswer || !isAsked { complaints.append("an answer is awaited") }
            if isAnswerOver, timers[.silence] != nil { complaints.append("the timer of a body that ended") }
            if isAsked, limits.answer > 0, isBodyOver, !hasAnswer, timers[.answer] == nil {
                complaints.append("no deadline of the answer")
            }
            if isAsked, limits.requestSilence > 0, !isBodyOver, !hasAnswer, timers[.silence] == nil {
                complaints.append("no deadline of the body")
            }
            if limits.slowConsumer > 0, paused.contains(.backend), !isAnswerOver, timers[.client] == nil {
                complaints.append("nobody watches the client")
            }
            if limits.slowConsumer > 0, paused.contains(.client), isAsked, !isBodyOver,
                timers[.backend] == nil
            {
                complaints.append("nobody watches the backend")
            }
        }

        /// With limits it ends by itself when nothing moves any longer, whatever happened before.
        mutating func runOut() {
            if !isAsked { happens(.asks) }
            for _ in 0..<50 where !isOver {
                if isAnswerOver {
                    happens(.answerPauses)
                } else if let next = timers.min(by: { $0.value < $1.value }) {
                    fires(next.key)
                    check()
                } else if limits.answer > 0, !hasAnswer {
                    complaints.append("nothing is waited for")
                    return
                } else {
                    // An endless one, or one without limits.
                    happens(.breaks)
                }
            }
            if !isOver { complaints.append("waits without end") }
        }
    }

    private static let limits = [
        ExchangeLimits(
            bodyBytes: 200_000, requestSilence: 100, answerSilence: 70, answer: 500, slowConsumer: 40),
        ExchangeLimits(),
    ]

    private static let beginnings: [[Event]] = [
        [], [.asks], [.asks, .body], [.asks, .bodyFills], [.asks, .bodyFills, .bodyEnds],
        [.asks, .bodyEnds], [.asks, .interim, .answerFills], [.asks, .answers],
        [.asks, .answers, .answerFills],
        [.asks, .bodyEnds, .answersEndlessly], [.asks, .answers, .bodyFills], [.asks, .answers, .answerEnds],
    ]

    @Test("every order of two events, from each beginning", arguments: [0, 1], [true, false])
    func pairs(limits: Int, isWhole: Bool) {
        for beginning in Self.beginnings {
            for first in Event.allCases {
                for second in Event.allCases {
                    var world = World(isWhole: isWhole, Self.limits[limits])
                    for event in beginning + [first, second] { world.happens(event) }
                    world.runOut()
                    let complaints = world.complaints
                    #expect(complaints == [], "\(beginning), \(first), \(second)")
                }
            }
        }
    }

    @Test("a random walk", arguments: [0, 1], [true, false])
    func walk(limits: Int, isWhole: Bool) {
        var random = Generator(state: UInt64(limits) * 2 + (isWhole ? 1 : 0))
        var answered = 0
        for _ in 0..<2_000 {
            var world = World(isWhole: isWhole, Self.limits[limits])
            var events: [Event] = []
            for _ in 0..<30 {
                guard let event = Event.allCases.randomElement(using: &random) else { continue }
                // A walk that ends at once shows little.
                let isEnd = event == .breaks || event == .clientLeaves
                if isEnd, Int.random(in: 0..<10, using: &random) > 0 { continue }
                events.append(event)
                world.happens(event)
            }
            world.runOut()
            if world.isAnswerOver { answered += 1 }
            let complaints = world.complaints
            #expect(complaints == [], "\(events)")
            if !complaints.isEmpty { return }
        }
        #expect(answered > 200)
    }
}
