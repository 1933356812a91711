/// Receives the timers that it scheduled.
package protocol TimerTarget: AnyObject {
    /// `kind` is what the target gave when it scheduled.
    func timerFired(_ kind: UInt8)
}

/// Is told that a turn's events and timers have been handled.
package protocol TurnTarget: AnyObject {
    func turnEnded()
}
