internal import CLinux
internal import Durations

/// One epoll reactor on one thread. It knows sockets, timers and mail from other threads, and no protocol.
///
/// All that belongs to a loop is touched by its thread only; `Mailbox` is the sole way in from outside. Epoll is
/// level-triggered: a handler takes what one `recv` brings and is called again when there is more.
@safe package final class EventLoop {
    private struct TimerEntry {
        let target: any TimerTarget
        let kind: UInt8
    }

    @safe private struct Slot {
        // Retained here by hand, so that it is not for each event: see `parted`.
        var pollable: Unmanaged<Pollable>?
        var generation: UInt32 = 0
    }

    /// What one `recv` may bring. Owned by the loop so that an idle socket holds no buffer.
    package static let receiveCapacity = 128 * 1024
    private static let eventCapacity = 256
    /// Timers that are later than this show that the loop was held up; so many turns long others go first.
    private static let lateness: UInt64 = 250_000_000
    private static let mostPostponed = 256

    private let epoll: Int32
    // Raw memory rather than arrays: the kernel writes into both, and neither is ever grown or copied.
    private let events: UnsafeMutablePointer<epoll_event>
    let receiveBuffer: UnsafeMutablePointer<UInt8>

    private var slots: [Slot] = []
    private var freeSlots: [Int32] = []
    private var timers: TimerWheel<TimerEntry>
    private var expired: [TimerEntry] = []
    /// Who was taken out of his slot during this turn, and lives to its end: who is called in a turn, or sent for, is not
    /// retained for that.
    private var parted: [Pollable] = []
    private var failures: [StreamSocket] = []
    private var changes: [Pollable] = []
    // In a structure: a function that stands in a list by itself is wrapped into another.
    private struct Deferred { let run: () -> Void }
    private var deferred: [Deferred] = []
    /// What is run now; the two take turns, and keep their memory.
    private var running: [Deferred] = []
    private var turnTargets: [any TurnTarget] = []
    /// The earliest time at which one of them wants to be told, if nothing ends a turn before; `.max` = they wait for that.
    private var turnDeadline = UInt64.max
    private var postponed = 0
    private var stopping = false
    private var wake: WakePollable?
    private let outbox = Outbox()
    private var isInTurn = false

    /// What lives on this loop: so work that is posted through the mailbox finds its way.
    package var owner: AnyObject?
    /// Monotonic nanoseconds, read once a turn.
    package private(set) var now: UInt64
    /// How many there have been.
    private(set) var turns: UInt64 = 0
    /// Monotonic nanoseconds of this moment, for threads that are not on a turn of a loop.
    package static var clock: UInt64 { trunkline_monotonic_ns() }
    /// What is held for the peers of this loop's connections.
    package let memory: MemoryLedger
    /// What sockets of peers are counted in.
    let sockets: SocketBudget
    /// Those that were connected a moment ago.
    private(set) lazy var young = YoungSockets(on: self)
    /// How other threads reach this loop.
    package let mailbox: Mailbox
    /// Randomness for jitter, masks and ids, drawn from the kernel in blocks.
    package var random = KernelRandom()

    /// A loop for the thread that calls `run`; throws when the machine is out of descriptors.
    ///
    /// - Parameters:
    ///   - pool: what bounds the memory of all loops of the process.
    ///   - sockets: what bounds the number of their sockets.
    package init(_ pool: MemoryPool = MemoryPool(), sockets: SocketBudget = SocketBudget())
        throws(SystemError)
    {
        memory = MemoryLedger(pool)
        self.sockets = sockets
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        unsafe events = .allocate(capacity: Self.eventCapacity)
        unsafe receiveBuffer = .allocate(capacity: Self.receiveCapacity)
        now = trunkline_monotonic_ns()
        timers = TimerWheel(now: trunkline_monotonic_ns())
        mailbox = try Mailbox()
        let wake = WakePollable(mailbox: mailbox, on: self)
        wake.watch(readable: true, writable: false)
        self.wake = wake
        memory.attach(self)
    }

    deinit {
        _ = close(epoll)
        unsafe events.deallocate()
        unsafe receiveBuffer.deallocate()
    }

    /// Runs until `stop`. Each turn: wait, handle what is ready, deliver failures, fire timers.
    package func run() {
        stopping = false
        while !stopping { turn() }
    }

    /// Ends `run` after the current turn.
    package func stop() { stopping = true }

    /// One turn, waiting no longer than the next timer or `limit` nanoseconds.
    package func turn(limit: UInt64 = .max) {
        tellChanges()
        let count = wait(limit)
        now = trunkline_monotonic_ns()
        turns &+= 1
        isInTurn = true
        if count > 0 {
            for index in 0..<Int(count) {
                unsafe dispatch(
                    flags: trunkline_event_flags(events + index), data: trunkline_event_data(events + index))
                // What else is ready is told again in the next turn.
                if memory.mustRelieve { break }
            }
        }
        memory.relieve()
        deliverFailures()
        if !isCatchingUp(events: Int(count)) { fireTimers() }
        endTurn()
        runDeferred()
        outbox.send()
        isInTurn = false
        releaseParted()
    }

    private func releaseParted() {
        guard !parted.isEmpty else { return }
        // Off the list first: who ends may let go of others.
        var gone: [Pollable] = []
        swap(&gone, &parted)
    }

    /// Runs `work` at the end of this turn, when no handler is on the stack.
    package func nextTurn(_ work: @escaping () -> Void) {
        deferred.append(Deferred(run: work))
    }

    /// Tells `target` once, when the turn's events and timers have been handled.
    package func atTurnEnd(_ target: any TurnTarget) { atTurnEnd(target, by: now) }

    /// Tells `target` once, when the next turn's events and timers have been handled: a turn that something else begins,
    /// or the one that begins at this time (monotonic nanoseconds) without.
    package func atTurnEnd(_ target: any TurnTarget, by time: UInt64) {
        turnTargets.append(target)
        turnDeadline = min(turnDeadline, time)
    }

    private func endTurn() {
        guard !turnTargets.isEmpty else { return }
        turnDeadline = .max
        var due: [any TurnTarget] = []
        swap(&due, &turnTargets)
        for target in due { target.turnEnded() }
        due.removeAll(keepingCapacity: due.count < 1024)
        // Those that asked meanwhile are told in the next turn, which comes at once.
        if turnTargets.isEmpty { swap(&due, &turnTargets) }
    }

    private func runDeferred() {
        guard !deferred.isEmpty else { return }
        swap(&running, &deferred)
        for work in running { work.run() }
        running.removeAll(keepingCapacity: running.count < 1024)
    }

    // MARK: Timers

    /// Calls `target.timerFired(kind)` after the delay (nanoseconds), up to some 5 ms late. Holds the target until then.
    package func schedule(_ target: any TimerTarget, kind: UInt8, after delay: UInt64) -> TimerToken {
        let sum = now.addingReportingOverflow(delay)
        return timers.schedule(
            TimerEntry(target: target, kind: kind), at: sum.overflow ? .max : sum.partialValue)
    }

    /// The same after what options say.
    package func schedule(_ target: any TimerTarget, kind: UInt8, after delay: Duration) -> TimerToken {
        schedule(target, kind: kind, after: delay.nanoseconds)
    }

    /// Forgets a timer; nil and timers that have fired are ignored.
    package func cancel(_ token: TimerToken?) {
        if let token { timers.cancel(token) }
    }

    private func wait(_ limit: UInt64) -> Int32 {
        let capacity = Int32(Self.eventCapacity)
        // The wheel's ticks are too long for those who wait for less than one.
        guard turnDeadline > now, turnDeadline < .max, limit > 0, failures.isEmpty, deferred.isEmpty else {
            return unsafe trunkline_epoll_wait(epoll, events, capacity, timeout(limit))
        }
        // What this turn has spent already has not been waited.
        let present = Self.clock
        let time = min(turnDeadline, timers.nextDeadline ?? .max)
        return unsafe trunkline_epoll_wait_ns(
            epoll, events, capacity, min(time > present ? time - present : 0, limit))
    }

    private func timeout(_ limit: UInt64) -> Int32 {
        guard failures.isEmpty, deferred.isEmpty, turnDeadline > now else { return 0 }
        let next = timers.nextDeadline ?? .max
        let wait = min(next > now ? next - now : 0, limit)
        if wait == .max { return -1 }
        // Rounded up: waking a moment early would spin until the tick.
        return Int32(min((wait + 999_999) / 1_000_000, 3_600_000))
    }

    /// Whether the loop was held up, by the machine or by a long turn, and more may have come than one turn reads: then
    /// that is read first, or peers would be late because we are. For some turns at most.
    private func isCatchingUp(events count: Int) -> Bool {
        guard count == Self.eventCapacity, postponed < Self.mostPostponed, let due = timers.nextDeadline,
            now > due, now - due > Self.lateness
        else {
            postponed = 0
            return false
        }
        postponed += 1
        return true
    }

    private func fireTimers() {
        timers.advance(to: now, expired: &expired)
        guard !expired.isEmpty else { return }
        let due = expired
        expired.removeAll(keepingCapacity: due.count < 1024)
        for entry in due { entry.target.timerFired(entry.kind) }
        deliverFailures()
    }

    // MARK: Watching

    func interestChanged(_ pollable: Pollable) {
        guard !pollable.isChanged else { return }
        pollable.isChanged = true
        changes.append(pollable)
    }

    private func tellChanges() {
        guard !changes.isEmpty else { return }
        for pollable in changes {
            pollable.isChanged = false
            if !pollable.isClosed { watch(pollable) }
        }
        changes.removeAll(keepingCapacity: changes.count < 1024)
    }

    private func watch(_ pollable: Pollable) {
        let isNew = pollable.slot < 0
        if isNew {
            pollable.slot = freeSlots.popLast() ?? appendSlot()
            unsafe slots[Int(pollable.slot)].pollable = .passRetained(pollable)
        } else if pollable.interest == pollable.toldInterest {
            return
        }
        pollable.toldInterest = pollable.interest
        let data =
            UInt64(slots[Int(pollable.slot)].generation) << 32 | UInt64(UInt32(bitPattern: pollable.slot))
        let operation = isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        _ = trunkline_epoll_control(epoll, operation, pollable.descriptor, pollable.interest, data)
    }

    func unwatch(_ pollable: Pollable, isShared: Bool) {
        guard pollable.slot >= 0 else { return }
        if isShared { _ = trunkline_epoll_control(epoll, EPOLL_CTL_DEL, pollable.descriptor, 0, 0) }
        let held = unsafe slots[Int(pollable.slot)].pollable.take()?.takeRetainedValue()
        if isInTurn, let held { parted.append(held) }
        slots[Int(pollable.slot)].generation &+= 1
        freeSlots.append(pollable.slot)
        pollable.slot = -1
    }

    private func appendSlot() -> Int32 {
        slots.append(Slot())
        return Int32(slots.count - 1)
    }

    /// The generation tells an event of a closed descriptor from one of its slot's next owner.
    private func dispatch(flags: UInt32, data: UInt64) {
        let index = Int(data & 0xFFFF_FFFF)
        guard index < slots.count, slots[index].generation == UInt32(data >> 32),
            let pollable = unsafe slots[index].pollable
        else { return }
        // Its slot holds it, or `parted` should it leave that meanwhile.
        unsafe pollable._withUnsafeGuaranteedRef { pollable in
            // A reset is no end in order.
            if flags & (TRUNKLINE_ENDED | TRUNKLINE_BROKEN) == TRUNKLINE_ENDED { pollable.endNoticed() }
            pollable.ready(
                readable: flags & TRUNKLINE_IN != 0, writable: flags & TRUNKLINE_OUT != 0,
                broken: flags & TRUNKLINE_BROKEN != 0)
        }
    }

    // MARK: Sending

    /// Takes bytes that are to leave with this turn's others; false when the socket is to send them itself.
    func gather(_ bytes: Span<UInt8>, for socket: StreamSocket) -> Bool {
        guard isInTurn, bytes.count <= Outbox.largestPiece else { return false }
        // The outbox does not retain it. Its slot does, or `parted`: also where it has none yet.
        if socket.slot < 0, !socket.hasGathered { parted.append(socket) }
        outbox.add(bytes, for: socket)
        return true
    }

    /// Sends all that was gathered, because one of its sockets is to do more than send.
    func sendGathered() { outbox.send() }

    // MARK: Failures

    /// A failed `send` is told to its handler after the turn's events: a handler is never called from inside its own call.
    func report(failureOf socket: StreamSocket) { failures.append(socket) }

    func deliverFailures() {
        while !failures.isEmpty {
            let failed = failures
            failures.removeAll(keepingCapacity: true)
            for socket in failed { socket.deliverFailure() }
        }
    }
}
