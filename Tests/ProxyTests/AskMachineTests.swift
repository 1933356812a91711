import Routing
import Testing

@testable import Proxy

@Suite("How a request is put to backends")
struct AskMachineTests {
    private static let lost = Fault(.lost, .ended)
    private static let refused = Fault(.unreachable(.connect))
    private static let unprocessed = Fault(.unprocessed, .refusedStream)
    private static let slow = Fault(.noAnswer(hasBegun: false))
    private static let malformed = Fault(.malformed)

    /// A handshake, which needs a place and has its deadlines here.
    private static func upgrade(attempts: Int = 2) -> AskMachine.Rules {
        AskMachine.Rules(
            isUpgrade: true, isRepeatable: true,
            allowance: RetryAllowance(attempts: attempts, connectTimeout: .nanoseconds(10), now: 0),
            boundsQueue: true, boundsAnswer: true)
    }

    /// A plain request.
    private static func plain(isRepeatable: Bool = true) -> AskMachine.Rules {
        AskMachine.Rules(
            isUpgrade: false, isRepeatable: isRepeatable,
            allowance: RetryAllowance(attempts: 2, connectTimeout: .nanoseconds(10), now: 0))
    }

    private enum Event {
        case begin, chose(AskMachine.Choice), took(Bool), joined(AskMachine.QueueEntry), called(Bool)
        case queueTimedOut, connected(AskMachine.Connection), notConnected(Fault, UInt64)
        case committed, begun, decided, answerTimedOut, failed(Fault), released, cancel
    }

    /// Those that lead to the request's being sent.
    private static let asked: [Event] = [.begin, .chose(.backend), .took(true), .connected(.new)]
    private static let askedOnIdle: [Event] = [.begin, .chose(.backend), .took(true), .connected(.idle)]
    private static let askedShared: [Event] = [.begin, .chose(.backend), .took(true), .connected(.shared)]
    private static let queued: [Event] = [.begin, .chose(.full), .joined(.waiting)]

    private static func happens(_ event: Event, to machine: inout AskMachine) -> OnAsk {
        switch event {
        case .begin: return machine.begin()
        case .chose(let choice): return machine.chose(choice)
        case .took(let hasPlace): return machine.took(hasPlace)
        case .joined(let entry): return machine.joined(entry)
        case .called(let hasPlace): return machine.called(hasPlace)
        case .queueTimedOut: return machine.queueTimedOut()
        case .connected(let connection): return machine.connected(connection)
        case .notConnected(let fault, let now): return machine.notConnected(fault, at: now)
        case .decided: return machine.decided()
        case .answerTimedOut: return machine.answerTimedOut()
        case .failed(let fault): return machine.failed(fault)
        case .released: return machine.released()
        case .cancel: return machine.cancel()
        case .committed: machine.committed()
        case .begun: machine.begun()
        }
        return OnAsk()
    }

    /// What is decided at the last of some events.
    private static func last(_ events: [Event], _ rules: AskMachine.Rules = upgrade()) -> OnAsk {
        var machine = AskMachine(rules)
        return events.reduce(OnAsk()) { _, event in happens(event, to: &machine) }
    }

    private static func phase(_ events: [Event]) -> Fault.Phase {
        var machine = AskMachine(upgrade())
        for event in events { _ = happens(event, to: &machine) }
        return machine.phase
    }

    @Test("the way of an upgrade: a backend, a place, a connection, the request, the answer")
    func upgradeSteps() {
        let rows: [(Event, OnAsk)] = [
            (.begin, OnAsk(step: .choose(isRetry: false))),
            (.chose(.backend), OnAsk(step: .take)),
            (.took(true), OnAsk(step: .connect(.init()))),
            (.connected(.new), OnAsk(arms: .answerDeadline, step: .ask)),
            (.begun, OnAsk()),
            (.decided, OnAsk(returns: .answerDeadline)),
            (.released, OnAsk(returns: .place)),
        ]
        var machine = AskMachine(Self.upgrade())
        for (event, expected) in rows { #expect(Self.happens(event, to: &machine) == expected, "\(event)") }
    }

    @Test("a plain request needs no place, and whoever sends it watches for the answer")
    func plainSteps() {
        #expect(
            Self.last([.begin, .chose(.backend)], Self.plain()) == OnAsk(step: .connect(.init())))
        let asked: [Event] = [.begin, .chose(.backend), .connected(.idle)]
        #expect(Self.last(asked, Self.plain()) == OnAsk(step: .ask))
        #expect(Self.last(asked + [.decided], Self.plain()) == OnAsk())
        #expect(Self.last(asked + [.decided, .released], Self.plain()) == OnAsk())
    }

    @Test("what is under way is told")
    func phases() {
        let rows: [([Event], Fault.Phase)] = [
            ([], .choose), ([.begin], .choose), ([.begin, .chose(.backend)], .choose),
            ([.begin, .chose(.full)], .queue), (Self.queued, .queue),
            (Self.queued + [.called(true)], .connect), (Self.asked, .response),
            (Self.askedOnIdle + [.failed(Self.lost)], .connect), (Self.asked + [.decided], .response),
        ]
        for (events, phase) in rows { #expect(Self.phase(events) == phase, "\(events)") }
    }

    @Test("the queue: entered, waited in, full, called, called in vain, left in time")
    func queue() {
        let connect = OnAsk.Step.connect(.init())
        let rows: [([Event], OnAsk)] = [
            ([.begin, .chose(.full)], OnAsk(step: .queue)),
            ([.begin, .chose(.backend), .took(false)], OnAsk(step: .queue)),
            ([.begin, .chose(.full), .joined(.entered)], OnAsk(step: connect)),
            ([.begin, .chose(.full), .joined(.full)], OnAsk(step: .end(Fault(.queueFull)))),
            (Self.queued, OnAsk(arms: .queueDeadline)),
            (Self.queued + [.called(true)], OnAsk(returns: .queueDeadline, step: connect)),
            (Self.queued + [.called(false)], OnAsk(step: .choose(isRetry: false))),
            // One deadline for all the waiting.
            (Self.queued + [.called(false), .chose(.full), .joined(.waiting)], OnAsk()),
            (
                Self.queued + [.called(false), .chose(.full), .joined(.entered)],
                OnAsk(returns: .queueDeadline, step: connect)
            ),
            (Self.queued + [.queueTimedOut], OnAsk(returns: .queueNumber, step: .end(Fault(.queueTimeout)))),
            (Self.queued + [.cancel], OnAsk(returns: [.queueNumber, .queueDeadline])),
        ]
        for (events, expected) in rows { #expect(Self.last(events) == expected, "\(events)") }
    }

    @Test("a backend that could not be reached is left for the next one, as long as time allows")
    func notReached() {
        let connecting: [Event] = [.begin, .chose(.backend), .took(true)]
        #expect(
            Self.last(connecting + [.notConnected(Self.refused, 29)])
                == OnAsk(returns: .place, step: .choose(isRetry: false)))
        #expect(
            Self.last(connecting + [.notConnected(Self.refused, 30)])
                == OnAsk(returns: .place, step: .end(Self.refused)))
        #expect(
            Self.last(connecting + [.notConnected(Self.refused, 1), .chose(.nobody)])
                == OnAsk(step: .end(Self.refused)))
        #expect(Self.last([.begin, .chose(.nobody)]) == OnAsk(step: .end(Fault(.noBackend))))
    }

    @Test("what follows a failure of a handshake that was sent")
    func handshakeFails() {
        let loans: AskLoans = [.connection, .answerDeadline]
        let another = { (fault: Fault) in
            OnAsk(
                verdict: .suspected(fault), returns: [.place, .connection, .answerDeadline],
                step: .choose(isRetry: true))
        }
        let end = { (fault: Fault) in
            OnAsk(
                verdict: .suspected(fault), returns: [.place, .connection, .answerDeadline],
                step: .end(fault))
        }
        let fresh = OnAsk(returns: loans, step: .connect(.init(takesIdle: false)))
        let broken = Fault(.brokenOff, .ended)
        let rows: [([Event], Event, OnAsk)] = [
            // It may have died unnoticed: the backend is not to blame.
            (Self.askedOnIdle, .failed(Self.lost), fresh),
            (Self.askedShared, .failed(Self.lost), fresh),
            (Self.asked, .failed(Self.lost), another(Self.lost)),
            (
                Self.askedShared + [.failed(Self.lost), .connected(.shared)], .failed(Self.lost),
                another(Self.lost)
            ),
            (Self.askedShared, .failed(Self.unprocessed), fresh),
            (
                Self.askedShared, .failed(Fault(.wantsHTTP1)),
                OnAsk(returns: loans, step: .connect(.init(takesShared: false)))
            ),
            (Self.asked, .failed(Self.malformed), end(Self.malformed)),
            (Self.asked + [.begun], .failed(broken), end(broken)),
            (Self.asked, .failed(Fault(.badHandshake)), end(Fault(.badHandshake))),
        ]
        for (before, event, expected) in rows {
            #expect(Self.last(before + [event]) == expected, "\(before) \(event)")
        }
    }

    @Test("a handshake without an answer in time goes to another backend, unless an answer had begun")
    func answerTimesOut() {
        #expect(
            Self.last(Self.asked + [.answerTimedOut])
                == OnAsk(
                    verdict: .suspected(Self.slow), returns: [.place, .connection],
                    step: .choose(isRetry: true)))
        let begun = Fault(.noAnswer(hasBegun: true))
        #expect(
            Self.last(Self.asked + [.begun, .answerTimedOut])
                == OnAsk(verdict: .suspected(begun), returns: [.place, .connection], step: .end(begun)))
    }

    @Test("HTTP/1.1 stays what a backend is asked by that wants it")
    func staysOnHTTP1() {
        let events = Self.askedShared + [.failed(Fault(.wantsHTTP1)), .connected(.idle), .failed(Self.lost)]
        #expect(Self.last(events).step == .connect(.init(takesShared: false, takesIdle: false)))
    }

    @Test("a backend that looks at no request is asked four times, and the next one as often")
    func unseen() {
        var events = Self.askedShared
        for _ in 0..<3 {
            events += [.failed(Self.unprocessed)]
            #expect(Self.last(events).step == .connect(.init(takesIdle: false)))
            events += [.connected(.shared)]
        }
        events += [.failed(Self.unprocessed)]
        #expect(Self.last(events).step == .choose(isRetry: true))
        events += [.chose(.backend), .took(true), .connected(.shared), .failed(Self.unprocessed)]
        #expect(Self.last(events).step == .connect(.init(takesIdle: false)))
    }

    @Test("only so many other backends are asked, and each costs what the upstream saved for it")
    func attempts() {
        let again: [Event] = [.chose(.backend), .took(true), .connected(.new), .failed(Self.lost)]
        let once = Self.asked + [.failed(Self.lost)]
        #expect(Self.last(once).step == .choose(isRetry: true))
        #expect(Self.last(once + [.chose(.backend)]) == OnAsk(verdict: .retried(Self.lost), step: .take))
        #expect(Self.last(once + [.chose(.full)]) == OnAsk(verdict: .retried(Self.lost), step: .queue))
        #expect(Self.last(once + [.chose(.nobody)]) == OnAsk(step: .end(Self.lost)))
        #expect(Self.last(once + again).step == .choose(isRetry: true))
        #expect(Self.last(once + again + again).step == .end(Self.lost))
        #expect(Self.last(once, Self.upgrade(attempts: 0)).step == .end(Self.lost))
    }

    @Test("a plain request is asked again where it may be done twice and nothing of it is gone")
    func plainFails() {
        let asked: [Event] = [.begin, .chose(.backend), .connected(.new)]
        let onIdle: [Event] = [.begin, .chose(.backend), .connected(.idle)]
        let end = { (fault: Fault) in OnAsk(returns: .connection, step: .end(fault)) }
        let fresh = OnAsk(returns: .connection, step: .connect(.init(takesIdle: false)))
        let rows: [([Event], Event, Bool, OnAsk)] = [
            (onIdle, .failed(Self.lost), true, fresh),
            (onIdle, .failed(Self.lost), false, end(Self.lost)),
            (onIdle + [.committed], .failed(Self.lost), true, end(Self.lost)),
            (
                asked, .failed(Self.lost), true,
                OnAsk(
                    verdict: .suspected(Self.lost), returns: .connection, step: .choose(isRetry: true))
            ),
            (asked, .failed(Self.lost), false, end(Self.lost)),
            (asked, .failed(Self.unprocessed), false, fresh),
            (asked + [.committed], .failed(Self.unprocessed), true, end(Self.unprocessed)),
            // A slow one may have acted on it.
            (asked, .failed(Self.slow), true, end(Self.slow)),
            (asked, .failed(Self.malformed), true, end(Self.malformed)),
        ]
        for (before, event, isRepeatable, expected) in rows {
            let decision = Self.last(before + [event], Self.plain(isRepeatable: isRepeatable))
            #expect(decision == expected, "\(before) \(event)")
        }
    }

    @Test("only an idle connection says good-bye to a request that it has not read")
    func goodbye() {
        let rows: [(AskMachine.Connection, Bool, Bool)] = [
            (.idle, true, true), (.idle, false, false), (.new, true, false), (.shared, true, false),
        ]
        for (connection, isRepeatable, expected) in rows {
            var machine = AskMachine(Self.plain(isRepeatable: isRepeatable))
            for event in [Event.begin, .chose(.backend), .connected(connection)] {
                _ = Self.happens(event, to: &machine)
            }
            let before = machine.takesGoodbye
            machine.committed()
            let after = machine.takesGoodbye
            #expect(before == expected && !after, "\(connection) \(isRepeatable)")
        }
    }

    @Test("what comes for an ask that is over is given back at once")
    func late() {
        let rows: [(Event, AskLoans)] = [
            (.took(true), .place), (.joined(.entered), .place), (.joined(.waiting), .queueNumber),
            (.called(true), .place), (.connected(.new), .connection), (.failed(Self.lost), []),
            (.queueTimedOut, []), (.answerTimedOut, []), (.begin, []), (.decided, []), (.cancel, []),
        ]
        for (event, loans) in rows {
            #expect(Self.last([.begin, .cancel, event]) == OnAsk(returns: loans), "\(event)")
        }
    }
}
