import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("What holds in whatever order things happen to a session")
struct SessionMachineWalkTests {
    private static let limit: UInt64 = 1_000

    /// The same in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private enum Event: CaseIterable {
        case clientFrameBegins, clientFrameEnds, backendFrameBegins, backendFrameEnds
        case clientCloses, backendCloses, clientViolates, backendViolates
        case clientEnds, backendEnds, clientEndsUnsettled, clientIsLost, backendIsLost
        case clientSettles, backendSettles, deadline, deadlineGettingOn
        case idles, plans, stays, drains, cuts
    }

    /// A session's two connections, as the orders make them, and what must never happen on them.
    private struct World: ~Copyable {
        var machine: SessionMachine
        var now: UInt64 = 0
        var closesSaid: [SessionSide: Int] = [:]
        var cuts: [SessionSide: Int] = [:]
        var finishes: [SessionSide: Int] = [:]
        var deadline: UInt64?
        var isOver = false
        var complaints: [String] = []
        let connected: [SessionSide]

        init(_ absent: SessionSide?) {
            let state = { (side: SessionSide) -> SideState in
                side == absent ? .absent(since: 0) : .open(isMidFrame: false)
            }
            machine = SessionMachine(
                client: state(.client), backend: state(.backend),
                closingWithin: SessionMachineWalkTests.limit)
            connected = SessionSide.allCases.filter { $0 != absent }
        }

        mutating func happens(_ event: Event) {
            now += 1
            let before = (machine.gate(.client), machine.gate(.backend))
            switch event {
            case .clientFrameBegins: frameBegins(.client)
            case .backendFrameBegins: frameBegins(.backend)
            case .clientFrameEnds: frameEnds(.client)
            case .backendFrameEnds: frameEnds(.backend)
            default: take(orders(event), before)
            }
            check()
        }

        private mutating func orders(_ event: Event) -> SessionOrders {
            let close = ClosePayload(.normal, "bye")
            switch event {
            case .clientCloses: return machine.received(close, from: .client, at: now)
            case .backendCloses: return machine.received(close, from: .backend, at: now)
            case .clientViolates: return machine.violated(.missingMask, by: .client, at: now)
            case .backendViolates: return machine.violated(.unexpectedMask, by: .backend, at: now)
            case .clientEnds: return machine.ended(.client, nil, isSettled: true, at: now)
            case .clientEndsUnsettled: return machine.ended(.client, nil, isSettled: false, at: now)
            case .backendEnds: return machine.ended(.backend, nil, isSettled: true, at: now)
            case .clientIsLost: return machine.ended(.client, .pongTimeout, isSettled: false, at: now)
            case .backendIsLost:
                return machine.ended(.backend, .connectionLost("reset"), isSettled: true, at: now)
            case .clientSettles: return machine.settled(.client, at: now)
            case .backendSettles: return machine.settled(.backend, at: now)
            case .deadline, .deadlineGettingOn:
                guard let due = deadline else { return .none }
                deadline = nil
                now = max(now, due)
                return machine.deadlinePassed(at: now, getsOn: event == .deadlineGettingOn)
            case .idles: return machine.idle(at: now)
            case .drains: return machine.drainDue(code: .goingAway, hint: 5, at: now)
            case .cuts: return machine.abort(by: .proxy, cause: .memory)
            case .plans: _ = machine.plans(.ordered)
            case .stays: _ = machine.stays()
            case .clientFrameBegins, .clientFrameEnds, .backendFrameBegins, .backendFrameEnds: break
            }
            return .none
        }

        private mutating func frameBegins(_ side: SessionSide) {
            // The frame path asks the gate.
            if machine.gate(side).contains(.takesData) { machine.frameBegins(towards: side) }
        }

        private mutating func frameEnds(_ side: SessionSide) {
            guard machine.gate(side).contains(.isMidFrame) else { return }
            take(machine.frameEnds(towards: side), on: side, wasMidFrame: false)
        }

        private mutating func take(_ orders: SessionOrders, _ before: (SideGate, SideGate)) {
            if isOver, orders != .none { complaints.append("orders after the end: \(orders)") }
            take(orders.client, on: .client, wasMidFrame: before.0.contains(.isMidFrame))
            take(orders.backend, on: .backend, wasMidFrame: before.1.contains(.isMidFrame))
            if let wait = orders.deadline { deadline = now + wait }
            if orders.isOver {
                if isOver { complaints.append("over twice") }
                isOver = true
                deadline = nil
            }
        }

        private mutating func take(_ order: SideOrder, on side: SessionSide, wasMidFrame: Bool) {
            if order != .none, !connected.contains(side) { complaints.append("orders for nobody") }
            if order != .none, cuts[side, default: 0] > 0 { complaints.append("orders after a cut: \(side)") }
            if order.close != nil {
                closesSaid[side, default: 0] += 1
                if wasMidFrame { complaints.append("a Close in a frame: \(side)") }
                if finishes[side, default: 0] > 0 { complaints.append("a Close after our end: \(side)") }
            }
            if order.finishes { finishes[side, default: 0] += 1 }
            if order.isCut { cuts[side, default: 0] += 1 }
        }

        private mutating func check() {
            for side in connected {
                let gate = machine.gate(side)
                if closesSaid[side, default: 0] > 1 { complaints.append("two Closes: \(side)") }
                if cuts[side, default: 0] > 1 { complaints.append("closed twice: \(side)") }
                if finishes[side, default: 0] > 1 { complaints.append("our end twice: \(side)") }
                if closesSaid[side, default: 0] > 0, gate.contains(.takesData) {
                    complaints.append("data after a Close: \(side)")
                }
                if gate.contains(.isConnected) != (cuts[side, default: 0] == 0) {
                    complaints.append("closed unasked: \(side)")
                }
            }
            if isOver, connected.contains(where: { cuts[$0] != 1 }) { complaints.append("left open") }
            if !isOver, machine.isEnding, deadline == nil { complaints.append("an end without deadline") }
            if !isOver, !machine.isEnding, deadline != nil { complaints.append("a deadline of nothing") }
            if machine.isEnding, machine.ending == nil { complaints.append("an end without cause") }
        }

        /// Lets the deadline pass until the session is over.
        mutating func runOut(gettingOn: Bool) {
            var looks = 0
            while !isOver, machine.isEnding, looks < 100 {
                happens(gettingOn ? .deadlineGettingOn : .deadline)
                looks += 1
            }
            if machine.isEnding, !isOver { complaints.append("a deadline without end") }
        }
    }

    @Test(
        "every order of two events, from each beginning",
        arguments: [nil, .client, .backend] as [SessionSide?])
    func pairs(absent: SessionSide?) {
        for first in Event.allCases {
            for second in Event.allCases {
                for third in [Event.clientFrameEnds, .backendFrameEnds, .plans] {
                    var world = World(absent)
                    for event in [first, second, third] { world.happens(event) }
                    world.runOut(gettingOn: second == third)
                    let complaints = world.complaints
                    #expect(complaints == [], "\(first), \(second), \(third)")
                }
            }
        }
    }

    @Test("a random walk", arguments: [nil, .client, .backend] as [SessionSide?])
    func walk(absent: SessionSide?) {
        var random = Generator(state: 7)
        for _ in 0..<20_000 {
            var world = World(absent)
            var events: [Event] = []
            for _ in 0..<12 {
                guard let event = Event.allCases.randomElement(using: &random) else { continue }
                events.append(event)
                world.happens(event)
            }
            world.runOut(gettingOn: Bool.random(using: &random))
            let complaints = world.complaints
            #expect(complaints == [], "\(events)")
            if !complaints.isEmpty { return }
        }
    }
}
