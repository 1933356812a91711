import Chance
import Configuration
import Testing

@testable import Proxy

@Suite("Which messages arrive, in whatever order things happen")
struct ContinuityMachineWalkTests {
    private typealias Event = ContinuityWorld.Event

    private static func rules(_ delivery: ContinuityConfiguration.Delivery) -> ContinuityConfiguration {
        var rules = ContinuityConfiguration()
        rules.delivery = delivery
        rules.replayFirst = 1
        rules.skipFirst = 1
        return rules
    }

    /// What must hold of any world, once it has settled.
    private func check(_ world: borrowing ContinuityWorld, _ path: [Event]) {
        let said = "\(path.map(\.rawValue)): \(world.sent) sent, order \(world.order)"
        #expect(world.complaints == [], "\(world.complaints) \(said)")
        let isLeftAlone = world.end == nil || world.end == .asOrdered
        let bound = Int(world.uncertain)
        if world.rules.delivery == .atMostOnce {
            #expect(world.doubled == 0, "\(said)")
            #expect(world.isInOrder == true, "\(said)")
            if isLeftAlone { #expect(world.unread <= bound, "\(world.unread) of \(bound) \(said)") }
        } else {
            #expect(world.doubled <= bound, "\(world.doubled) of \(bound) \(said)")
            if isLeftAlone, !path.contains(.streamBegins) { #expect(world.unread == 0, "\(said)") }
        }
        if world.losses == 0, isLeftAlone {
            #expect(world.unread == 0 && world.doubled == 0 && world.isInOrder && bound == 0, "\(said)")
        }
    }

    private func walk(_ path: [Event], _ rules: ContinuityConfiguration) {
        var world = ContinuityWorld(rules)
        for event in path { world.happens(event) }
        world.settles()
        check(world, path)
    }

    @Test("every order of two events, in every state", arguments: [true, false])
    func pairs(isKept: Bool) {
        let rules = Self.rules(isKept ? .atLeastOnce : .atMostOnce)
        let states: [[Event]] = [
            [], [.clientSends, .clientSends], [.clientSends, .drain], [.drain, .askDue],
            [.clientSends, .drain, .askDue, .accepts, .clientSends], [.clientSends, .backendCloses],
            [.clientSends, .backendCloses, .askDue, .accepts, .clientSends],
            [.clientSends, .backendDies, .clientSends], [.clientSends, .backendDies, .askDue],
            [.sleeps], [.sleeps, .clientSends], [.sleeps, .backendReads],
            [.sleeps, .backendReads, .clientSends, .askDue],
            [.clientSends, .pings, .clientSends], [.streamBegins],
            [.streamBegins, .drain, .askDue, .accepts],
            [.clientSends, .backendDies, .clientSends, .clientCloses],
            [.drain, .askDue, .accepts, .clientCloses],
        ]
        for state in states {
            for first in Event.allCases {
                for second in Event.allCases { walk(state + [first, second, .clientSends], rules) }
            }
        }
    }

    @Test("random walks", arguments: [true, false])
    func walks(isKept: Bool) {
        let rules = Self.rules(isKept ? .atLeastOnce : .atMostOnce)
        var chance = SplitMix(seed: 7)
        for _ in 0..<4000 {
            // Rare are those that end it all.
            let events = Event.allCases.filter { event in
                switch event {
                case .isGone, .timePasses, .backendCloses4000, .clientCloses:
                    UInt64.random(in: 0..<8, using: &chance) == 0
                default: true
                }
            }
            let path = (0..<Int.random(in: 5...60, using: &chance)).compactMap { _ in
                UInt64.random(in: 0..<3, using: &chance) == 0
                    ? [.clientSends, .backendReads, .askDue, .accepts].randomElement(using: &chance)
                    : events.randomElement(using: &chance)
            }
            walk(path, rules)
        }
    }

    @Test("moves that are planned lose nothing, double nothing and keep the order", arguments: [true, false])
    func planned(isKept: Bool) {
        let rules = Self.rules(isKept ? .atLeastOnce : .atMostOnce)
        var chance = SplitMix(seed: 11)
        let events: [Event] = [
            .clientSends, .clientSends, .backendReads, .backendAnswers, .drain, .stays, .askDue, .accepts,
            .refuses, .backendCloses, .backendEndsItsSide, .pings, .sleeps, .wakes, .streamBegins,
            .streamEnds,
        ]
        var moved = 0
        for _ in 0..<3000 {
            let path = (0..<80).compactMap { _ in events.randomElement(using: &chance) }
            var world = ContinuityWorld(rules)
            for event in path { world.happens(event) }
            world.settles()
            check(world, path)
            // A Close in the midst of a message that streams ends it, as ever.
            if world.end == nil { #expect(world.losses == 0 && world.unread == 0 && world.doubled == 0) }
            moved += world.takeovers
        }
        #expect(moved > 3000)
    }
}
