internal import Routing

/// Decides how a request is put to the backends of an upstream: which one, the wait for a place with it, the connection,
/// the asking, and what follows a failure, until one has answered or the request is given up. Pure: `Ask` acts.
///
/// A backend that could not be reached is left for the next one; nothing was sent, and time alone limits that. Once the
/// request was sent it goes out again only where that is safe (`Fault.retry`): to the same backend if it came by a
/// connection that had died unnoticed or was not looked at, else to another one, as often as the upstream's `retry`
/// allows.
///
/// Whoever asks says what kind of request it is, and no more is known here of clients: a session that has lost its
/// backend asks in the same way for another one.
struct AskMachine: ~Copyable {
    private enum State: Equatable {
        case new
        /// - Parameter after: why the request goes to another backend, if it does.
        case choosing(after: Fault?)
        case taking
        case joining
        case queued
        case connecting(Way)
        /// - Parameter hasBegun: a part of an answer has come.
        case asked(Way, Connection, hasBegun: Bool)
        /// Answered: the connection is somebody else's. A place is held until `released`.
        case decided
        case over
    }

    /// A backend that says so often that it hasn't looked at the request is left for another.
    private static let mostUnseen = 4

    private let rules: Rules
    private var allowance: RetryAllowance
    private var state = State.new
    private var lent: AskLoans = []
    /// The last one, and why it ends where nobody is left to be asked.
    private var lastFault: Fault?
    /// How often the backend has said that it hasn't looked at the request.
    private var unseen = 0
    /// A part of the request is gone that isn't kept: it can't be sent again.
    private var isCommitted = false

    init(_ rules: Rules) {
        self.rules = rules
        allowance = rules.allowance
    }

    /// What is under way.
    var phase: Fault.Phase {
        switch state {
        case .new, .choosing, .taking: .choose
        case .joining, .queued: .queue
        case .connecting: .connect
        case .asked, .decided, .over: .response
        }
    }

    /// Whether a 408 that comes now says that nobody has read the request (RFC 9110, 15.5.9).
    var takesGoodbye: Bool {
        guard case .asked(_, .idle, _) = state else { return false }
        return mayRepeat
    }

    /// Whether a part of an answer has come.
    var hasBegun: Bool { if case .asked(_, _, let hasBegun) = state { hasBegun } else { false } }

    /// Whether the request may go to another backend if this one doesn't answer.
    var mayAskAnother: Bool { allowance.mayRetry }

    private var mayRepeat: Bool { rules.isRepeatable && !isCommitted }

    // MARK: The choice

    mutating func begin() -> OnAsk {
        guard state == .new else { return OnAsk() }
        return choose(after: nil)
    }

    private mutating func choose(after fault: Fault?) -> OnAsk {
        state = .choosing(after: fault)
        return OnAsk(step: .choose(isRetry: fault != nil))
    }

    mutating func chose(_ choice: Choice) -> OnAsk {
        guard case .choosing(let fault) = state else { return OnAsk() }
        guard choice != .nobody else { return end(lastFault ?? Fault(.noBackend)) }
        if fault != nil { allowance.retried() }
        var decision = OnAsk(verdict: fault.map { .retried($0) })
        if choice == .full {
            state = .joining
            decision.step = .queue
        } else if rules.isUpgrade {
            state = .taking
            decision.step = .take
        } else {
            decision.step = approach()
        }
        return decision
    }

    /// The place was taken, or somebody else was faster.
    mutating func took(_ hasPlace: Bool) -> OnAsk {
        guard state == .taking else { return OnAsk(returns: hasPlace ? .place : []) }
        if hasPlace { return placed() }
        state = .joining
        return OnAsk(step: .queue)
    }

    private mutating func placed() -> OnAsk {
        lent.insert(.place)
        return OnAsk(returns: release(.queueDeadline), step: approach())
    }

    // MARK: The queue

    mutating func joined(_ entry: QueueEntry) -> OnAsk {
        guard state == .joining else { return OnAsk(returns: entry.loan) }
        switch entry {
        case .entered: return placed()
        case .full: return end(Fault(.queueFull))
        case .waiting:
            state = .queued
            lent.insert(.queueNumber)
            // One deadline for all the time that is spent in the queue.
            return OnAsk(arms: rules.boundsQueue ? lend(.queueDeadline) : [])
        }
    }

    /// The queue has answered, and the number is gone: with a place, or with none because the backend that was waited
    /// for is out or listed no longer.
    mutating func called(_ hasPlace: Bool) -> OnAsk {
        guard state == .queued else { return OnAsk(returns: hasPlace ? .place : []) }
        lent.remove(.queueNumber)
        return hasPlace ? placed() : choose(after: nil)
    }

    mutating func queueTimedOut() -> OnAsk {
        lent.remove(.queueDeadline)
        return state == .queued ? end(Fault(.queueTimeout)) : OnAsk()
    }

    // MARK: The connection

    /// A backend is asked that was not asked before.
    private mutating func approach() -> OnAsk.Step {
        unseen = 0
        return connect(Way())
    }

    private mutating func connect(_ way: Way) -> OnAsk.Step {
        lent.insert(.connection)
        state = .connecting(way)
        return .connect(way)
    }

    mutating func connected(_ connection: Connection) -> OnAsk {
        guard case .connecting(let way) = state else { return OnAsk(returns: .connection) }
        state = .asked(way, connection, hasBegun: false)
        return OnAsk(arms: rules.boundsAnswer ? lend(.answerDeadline) : [], step: .ask)
    }

    /// - Parameter now: nanoseconds.
    mutating func notConnected(_ fault: Fault, at now: UInt64) -> OnAsk {
        guard case .connecting = state else { return OnAsk() }
        lent.remove(.connection)
        lastFault = fault
        guard fault.retry == .safe, allowance.mayDial(at: now) else { return end(fault) }
        var decision = choose(after: nil)
        decision.returns = release(.place)
        return decision
    }

    // MARK: The answer

    /// A part of the request's body has gone, and is kept by nobody.
    mutating func committed() { isCommitted = true }

    /// A part of an answer has come.
    mutating func begun() {
        guard case .asked(let way, let connection, _) = state else { return }
        state = .asked(way, connection, hasBegun: true)
    }

    /// An answer has come that can be used, or is to be passed on. The connection is the answer's from here on.
    mutating func decided() -> OnAsk {
        guard case .asked = state else { return OnAsk() }
        state = .decided
        lent.remove(.connection)
        return OnAsk(returns: release(.answerDeadline))
    }

    mutating func answerTimedOut() -> OnAsk {
        lent.remove(.answerDeadline)
        return failed(Fault(.noAnswer(hasBegun: hasBegun)))
    }

    /// The request that was sent has no answer, or none that can be used.
    mutating func failed(_ fault: Fault) -> OnAsk {
        guard case .asked(var way, let connection, _) = state else { return OnAsk() }
        lastFault = fault
        let wasStale = way.takesIdle && connection != .new
        way.takesIdle = false
        switch fault.retry {
        case .safe where !isCommitted:
            unseen += 1
            guard unseen < Self.mostUnseen else { return another(fault) }
            // An idle connection of the other kind may still be good.
            return again(fault.kind == .wantsHTTP1 ? Way(takesShared: false) : way)
        case .ifRepeatable where mayRepeat: return wasStale ? again(way) : another(fault)
        case .ifUpgrade where rules.isUpgrade: return another(fault)
        case .safe, .ifRepeatable, .ifUpgrade, .never:
            return end(fault, verdict: rules.isUpgrade ? .suspected(fault) : nil)
        }
    }

    /// The same backend is asked again: it is not to blame.
    private mutating func again(_ way: Way) -> OnAsk {
        OnAsk(returns: release([.connection, .answerDeadline]), step: connect(way))
    }

    private mutating func another(_ fault: Fault) -> OnAsk {
        guard allowance.mayRetry else { return end(fault, verdict: .suspected(fault)) }
        var decision = choose(after: fault)
        decision.verdict = .suspected(fault)
        decision.returns = release([.connection, .answerDeadline, .place])
        return decision
    }

    // MARK: The end

    /// Nobody needs what is held for an answer any longer: a session is counted as such.
    mutating func released() -> OnAsk {
        guard state == .decided else { return OnAsk() }
        return cancel()
    }

    /// Nobody waits for the answer any longer.
    mutating func cancel() -> OnAsk {
        state = .over
        return OnAsk(returns: release(lent))
    }

    private mutating func end(_ fault: Fault, verdict: OnAsk.Verdict? = nil) -> OnAsk {
        state = .over
        return OnAsk(verdict: verdict, returns: release(lent), step: .end(fault))
    }

    // MARK: What is lent

    /// What of it is not lent yet.
    private mutating func lend(_ loans: AskLoans) -> AskLoans {
        defer { lent.formUnion(loans) }
        return loans.subtracting(lent)
    }

    /// What of it was lent.
    private mutating func release(_ loans: AskLoans) -> AskLoans {
        defer { lent.subtract(loans) }
        return lent.intersection(loans)
    }
}
