import Chance
import Configuration
import Testing
import WebSocketProtocol

@testable import Proxy

/// A backend that numbers its messages, a line that loses what is on it, and a client that counts what it gets: what the
/// machine decides is done as the shell does it.
private struct ResumeWorld: ~Copyable {
    enum Event: String, CaseIterable {
        case backendSends, arrives, pings, lineBreaks, clientNotices, clientReturns, takesOver, streams
        case streamsHalf, backendCloses, timePasses, forgedReturn
    }

    private enum Item { case message(Int), ping(UInt64), close }

    let size = 10
    var machine: ResumeMachine
    var now: UInt64 = 1
    var sent = 0
    var got: [Int] = []
    var complaints: [String] = []
    var isRefused = false
    var isClosed = false
    var hasEnded = false
    /// A message passed in parts, so it may be lost with its connection.
    var hasStreamed = false
    /// What the store has.
    private var kept: [Int] = []
    private var line: [Item] = []
    private var isLineUp = true
    private var isBackendUp = true
    private var isHeld = false

    init(_ rules: ResumeConfiguration) { machine = ResumeMachine(rules) }

    var isOver: Bool { isRefused || hasEnded || isClosed }

    mutating func happens(_ event: Event) {
        now += 30_000_000
        guard !isOver else { return }
        switch event {
        case .backendSends where isBackendUp && !isHeld: sends()
        case .arrives where isLineUp && !line.isEmpty: arrives()
        case .pings:
            if let due = machine.pingDue(keeping: kept.count * size), due <= now {
                line.append(.ping(machine.pings(at: now)))
            }
        case .lineBreaks where isLineUp:
            isLineUp = false
            line = []
        // The proxy learns of it later than it happens, or not before the client is back.
        case .clientNotices where !isLineUp && machine.isHere:
            if machine.lost(at: now) == .ends { hasEnded = true }
        case .clientReturns where !isLineUp: returns(having: UInt64(got.count))
        case .takesOver: returns(having: UInt64(got.count))
        case .streams where machine.isHere && isBackendUp && !isHeld:
            hasStreamed = true
            sent += 1
            machine.streamBegins(from: .backend)
            machine.streamEnds(from: .backend)
            if isLineUp { line.append(.message(sent)) }
        case .streamsHalf where machine.isHere && isBackendUp && !isHeld:
            machine.streamBegins(from: .backend)
            if machine.lost(at: now) == .waits { complaints.append("waits amid a message") }
            hasEnded = true
        case .backendCloses where isBackendUp:
            isBackendUp = false
            switch machine.backendEnds(ClosePayload(.normal, "")) {
            case .waits: break
            case .ends: hasEnded = true
            }
        case .timePasses:
            now += 70_000_000_000
            if machine.timeIsUp(at: now) { hasEnded = true }
        case .forgedReturn:
            // More than was ever sent.
            returns(having: UInt64(sent) + 1)
            if !isRefused { complaints.append("believes anything") }
        default: break
        }
    }

    private mutating func sends() {
        sent += 1
        let passes = machine.backendMessage()
        if passes != machine.isHere { complaints.append("passes to nobody") }
        kept.append(sent)
        if passes, isLineUp { line.append(.message(sent)) }
        settle()
    }

    private mutating func settle() {
        machine.releases(at: now, needsRoom: kept.count >= 4)
        kept.removeAll { UInt64($0) < machine.firstKept }
        switch machine.keeps(kept.count * size) {
        case .goesOn: isHeld = false
        case .stops: isHeld = true
        case .givesUp: isBackendUp = false
        }
    }

    private mutating func arrives() {
        switch line.removeFirst() {
        case .message(let number): got.append(number)
        case .ping(let number): if machine.ponged(number, at: now) { settle() }
        case .close: isClosed = true
        }
    }

    private mutating func returns(having number: UInt64) {
        line = []
        switch machine.returns(having: number, at: now) {
        case .resumes(let from, let close):
            isLineUp = true
            settle()
            for number in kept where UInt64(number) >= from { line.append(.message(number)) }
            if close != nil { line.append(.close) }
        case .missedTooMuch, .neverSent, .gaveUp, .gone: isRefused = true
        }
    }

    mutating func settles() {
        happens(.clientReturns)
        for _ in 0..<200 where !line.isEmpty || isHeld {
            happens(.arrives)
            happens(.pings)
        }
    }
}

@Suite("What clients that come back have had, in whatever order things happen")
struct ResumeMachineWalkTests {
    private typealias Event = ResumeWorld.Event

    private static func rules(_ overflow: ResumeConfiguration.Overflow) -> ResumeConfiguration {
        var rules = ResumeConfiguration()
        rules.buffer = 80
        rules.overflow = overflow
        return rules
    }

    private func walk(_ path: [Event], _ rules: ResumeConfiguration) -> Bool {
        var world = ResumeWorld(rules)
        for event in path { world.happens(event) }
        world.settles()
        let said = "\(path.map(\.rawValue)): \(world.got) of \(world.sent)"
        #expect(world.complaints == [], "\(world.complaints) \(said)")
        // Always: what it has had is what was sent, from the first on, none left out and none twice.
        #expect(world.got == Array(1..<(world.got.count + 1)), "\(said)")
        // And all of it, unless the session has ended.
        guard !world.hasEnded, !world.isRefused else { return false }
        #expect(world.got.count == world.sent, "\(said)")
        return true
    }

    @Test("every order of three events", arguments: [ResumeConfiguration.Overflow.hold, .drop])
    func triples(overflow: ResumeConfiguration.Overflow) {
        let starts: [[Event]] = [
            [], [.backendSends, .backendSends, .arrives], [.backendSends, .lineBreaks],
            [.backendSends, .pings, .arrives, .arrives, .backendSends, .lineBreaks, .clientNotices],
            Array(repeating: .backendSends, count: 8),
        ]
        for start in starts {
            for first in Event.allCases {
                for second in Event.allCases {
                    for third in Event.allCases {
                        _ = walk(start + [first, second, third, .backendSends], Self.rules(overflow))
                    }
                }
            }
        }
    }

    @Test("random walks", arguments: [ResumeConfiguration.Overflow.hold, .drop])
    func walks(overflow: ResumeConfiguration.Overflow) {
        var chance = SplitMix(seed: 3)
        let usual: [Event] = [
            .backendSends, .backendSends, .arrives, .arrives, .pings, .lineBreaks, .clientNotices,
            .clientReturns,
        ]
        var whole = 0
        for _ in 0..<6000 {
            let path = (0..<Int.random(in: 5...80, using: &chance)).compactMap { _ in
                UInt64.random(in: 0..<40, using: &chance) == 0
                    ? Event.allCases.randomElement(using: &chance) : usual.randomElement(using: &chance)
            }
            if walk(path, Self.rules(overflow)) { whole += 1 }
        }
        #expect(whole > 1000)
    }
}
