import Configuration

@testable import Proxy

/// A client that numbers its messages, and backends that read them: what the machine orders is done as the shell does it,
/// and what became of each message is counted.
struct ContinuityWorld: ~Copyable {
    enum Event: String, CaseIterable {
        case clientSends, backendReads, backendAnswers, backendCloses, backendCloses4000, backendDies
        case backendEndsItsSide, drain, stays, askDue, accepts, refuses, isGone, partingTooLong, timePasses
        case pings, clientCloses, sleeps, wakes, streamBegins, streamEnds
    }

    private enum Item: Equatable { case message(UInt64, isReplay: Bool), ping(UInt64), close }

    var machine: ContinuityMachine
    let rules: ContinuityConfiguration
    var now: UInt64 = 1
    var sent: UInt64 = 0
    /// How often each message was read, replays left out.
    var reads: [UInt64: Int] = [:]
    var order: [UInt64] = []
    var replayed = 0
    var uncertain: UInt64 = 0
    var answersPassed = 0
    var end: ContinuityEnd?
    var isClientClosed = false
    var closesPassed = 0
    var losses = 0
    var takeovers = 0
    var complaints: [String] = []
    private var inFlight: [Item] = []
    private var isConnected = true
    private var hasOurClose = false
    private var hasTheirClose = false
    private var isAsking = false
    private var isDue = false
    private var isInTurn = false
    private var isReady = false
    private var isStreaming = false

    init(_ rules: ContinuityConfiguration) {
        self.rules = rules
        machine = ContinuityMachine(rules)
    }

    var isOver: Bool { end != nil || closesPassed > 0 }

    /// Every other one waits for its turn.
    private var spread: UInt64 { losses % 2 == 0 ? 1_000_000 : 0 }

    mutating func happens(_ event: Event) {
        now += 1_000_000
        guard !isOver else { return }
        switch event {
        case .clientSends: sends()
        case .backendReads: read()
        case .backendAnswers:
            if isConnected, !hasTheirClose, machine.backendMessage() { answersPassed += 1 }
        case .backendCloses: closes(1012)
        case .backendCloses4000: closes(4000)
        case .backendDies where isConnected:
            losses += 1
            inFlight = []
            take(machine.lost(at: now, spread: spread))
        case .backendEndsItsSide where isConnected && hasTheirClose && inFlight.isEmpty:
            take(machine.ended(isTaken: true, at: now, spread: spread))
        case .drain: take(machine.moves(.drain, at: now))
        case .stays: take(machine.stays())
        case .askDue where isDue:
            isDue = false
            if machine.asking() { isAsking = true }
        case .accepts where isAsking:
            (isAsking, isReady) = (false, true)
            take(machine.accepted(at: now))
        case .refuses where isAsking:
            isAsking = false
            take(machine.failed(isGone: false, at: now, jitter: 0.5))
        case .isGone where isAsking:
            isAsking = false
            take(machine.failed(isGone: true, at: now, jitter: 0.5))
        case .partingTooLong:
            // What it has read nobody knows.
            if machine.isParting {
                losses += 1
                inFlight = []
            }
            take(machine.partingTooLong(at: now))
        case .timePasses:
            now += 20_000_000_000
            take(machine.timeIsUp(at: now))
        case .pings:
            if let due = machine.pingDue, due <= now { inFlight.append(.ping(machine.pings(at: now))) }
        case .clientCloses where !isClientClosed && !isStreaming:
            isClientClosed = true
            if machine.clientCloses(at: now) { closePasses() }
        case .sleeps: if inFlight.isEmpty { take(machine.sleeps(at: now)) }
        case .wakes: take(machine.wakes(at: now))
        case .streamBegins where machine.isCarried && !isStreaming && !isClientClosed:
            isStreaming = true
            machine.streamBegins(from: .client)
        case .streamEnds where isStreaming:
            isStreaming = false
            sent += 1
            inFlight.append(.message(sent, isReplay: false))
            take(machine.streamEnds(from: .client, at: now))
        default: break
        }
    }

    private mutating func sends() {
        guard !isClientClosed, !isStreaming else { return }
        sent += 1
        switch machine.clientMessage(at: now) {
        case .passes:
            if !isConnected || hasOurClose { complaints.append("\(sent) passes to nobody") }
            inFlight.append(.message(sent, isReplay: false))
        case .waits(let orders): take(orders)
        }
    }

    private mutating func closes(_ code: UInt16) {
        guard isConnected, !hasTheirClose else { return }
        hasTheirClose = true
        // One that answers has read what came before.
        if hasOurClose { readAll() }
        take(machine.closed(code, at: now, spread: spread))
    }

    private mutating func readAll() {
        while !inFlight.isEmpty, isConnected { read() }
    }

    private mutating func read() {
        guard isConnected, !inFlight.isEmpty else { return }
        switch inFlight.removeFirst() {
        case .message(let number, let isReplay):
            if isReplay {
                replayed += 1
            } else {
                reads[number, default: 0] += 1
                order.append(number)
            }
        case .ping(let number): if !hasTheirClose { _ = machine.ponged(number) }
        case .close:
            if !hasTheirClose { closes(1012) }
        }
    }

    private mutating func closePasses() {
        // What was sent before it reaches the backend before the connection ends.
        readAll()
        closesPassed += 1
        machine.ends()
    }

    private mutating func take(_ orders: ContinuityOrders) {
        if orders.forgets { (isAsking, isDue, isReady) = (false, false, false) }
        if orders.parts || orders.answers {
            if hasOurClose { complaints.append("a second Close") }
            hasOurClose = true
            inFlight.append(.close)
        }
        if orders.releases {
            isConnected = false
            inFlight = []
            (hasOurClose, hasTheirClose) = (false, false)
        }
        uncertain += orders.uncertain
        if let takeover = orders.takesOver { takes(takeover) }
        if orders.asks != nil {
            // Sooner than it was to be is no second time.
            let isSooner = orders.asks == 0 && isInTurn
            if isDue && !isSooner || isAsking || isReady { complaints.append("asks twice") }
            isInTurn = (orders.asks ?? 0) > 0
            isDue = true
        }
        if let how = orders.ends {
            end = how
            if how == .asOrdered || how == .asEver { readAll() }
        }
        if orders.passesClose { closePasses() }
    }

    private mutating func takes(_ takeover: Takeover) {
        if !isReady || isConnected { complaints.append("takes over too early") }
        (isReady, isConnected) = (false, true)
        takeovers += 1
        for number in 1..<(1 + takeover.replays) { inFlight.append(.message(number, isReplay: true)) }
        guard takeover.from <= sent else { return }
        for number in takeover.from...sent { inFlight.append(.message(number, isReplay: false)) }
    }

    /// Lets things take their course until nothing is left to be done.
    mutating func settles() {
        for _ in 0..<400 where !isOver {
            let before = machine.isSettled
            happens(.streamEnds)
            happens(.askDue)
            happens(.accepts)
            for _ in 0..<10 { happens(.backendReads) }
            happens(.backendEndsItsSide)
            happens(.pings)
            if before, machine.isSettled, inFlight.isEmpty { return }
        }
    }

    var unread: Int { sent == 0 ? 0 : (1...sent).count { reads[$0] == nil } }
    var doubled: Int { reads.values.reduce(0) { $0 + max($1 - 1, 0) } }
    var isInOrder: Bool { zip(order, order.dropFirst()).allSatisfy { $0 < $1 } }
}
