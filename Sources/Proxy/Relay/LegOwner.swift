/// Whom a leg belongs to, and who decides on what comes in.
protocol LegOwner: AnyObject {
    /// Bytes came; they may be changed in place and are gone after the call.
    func received(_ bytes: inout MutableSpan<UInt8>, from leg: Leg)
    /// The peer has ended its side, in order or not.
    func ended(_ leg: Leg, _ error: TransportError?)
    /// All that was written has gone.
    func drained(_ leg: Leg)
}
