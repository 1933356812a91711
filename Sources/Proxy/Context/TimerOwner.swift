internal import Durations
internal import EventLoop

/// An object on a worker with timers of a few kinds, at most one of each.
protocol TimerOwner: TimerTarget {
    associatedtype Timer: RawRepresentable<UInt8>
    var loop: EventLoop { get }
    /// Touched by `arm`, `disarm` and the loop only.
    var timers: TimerSlots { get set }
    /// One that was armed is due.
    func timerFired(_ timer: Timer)
}

/// The tokens of a `TimerOwner`, without a heap block of their own: for kinds numbered from 0 to 4.
struct TimerSlots {
    private var tokens = InlineArray<5, TimerToken>(repeating: TimerToken.none)

    fileprivate subscript(_ kind: UInt8) -> TimerToken? {
        get { tokens[Int(kind)] == TimerToken.none ? nil : tokens[Int(kind)] }
        set { tokens[Int(kind)] = newValue ?? TimerToken.none }
    }
}

extension TimerOwner {
    /// Arms a timer; one that runs already begins anew.
    func arm(_ timer: Timer, after delay: UInt64) {
        loop.cancel(timers[timer.rawValue])
        timers[timer.rawValue] = loop.schedule(self, kind: timer.rawValue, after: delay)
    }

    /// As `arm`, for a delay that a configuration may have switched off by 0.
    func armUnlessOff(_ timer: Timer, after delay: UInt64) {
        if delay > 0 { arm(timer, after: delay) } else { disarm(timer) }
    }

    /// As `arm`, after what options say.
    func arm(_ timer: Timer, after delay: Duration) { arm(timer, after: delay.nanoseconds) }

    /// As `armUnlessOff`, after what options say.
    func armUnlessOff(_ timer: Timer, after delay: Duration) {
        armUnlessOff(timer, after: delay.nanoseconds)
    }

    func disarm(_ timer: Timer) {
        loop.cancel(timers[timer.rawValue])
        timers[timer.rawValue] = nil
    }

    func isArmed(_ timer: Timer) -> Bool { timers[timer.rawValue] != nil }

    func timerFired(_ kind: UInt8) {
        guard let timer = Timer(rawValue: kind) else { return }
        timers[kind] = nil
        timerFired(timer)
    }
}
