/// Whom a leg belongs to, and who decides on what comes in.
protocol LegOwner: AnyObject {
    /// Bytes came; they may be changed in place and are gone after the call.
    func received(_ bytes: inout MutableSpan<UInt8>, from leg: Leg)
    /// What waited may be looked at, whose beginning may be the rest of a frame that is being inflated.
    func goesOn(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from leg: Leg)
    /// The peer has ended its side, in order or not.
    func ended(_ leg: Leg, _ error: TransportError?)
    /// All that was written has gone.
    func drained(_ leg: Leg)
    /// The peer has sent a Ping, which was answered.
    func pinged(by leg: Leg)
}

extension LegOwner {
    /// For those that have nobody to pass it on to.
    func pinged(by leg: Leg) {}
    /// For those that look at everything at once.
    func goesOn(_ bytes: inout MutableSpan<UInt8>, _ part: PendingInput.Part?, from leg: Leg) {}
}
