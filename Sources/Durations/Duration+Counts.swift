/// What options say as a `Duration` is counted on the way: in nanoseconds of a loop's clock, or in seconds of a wall clock.
extension Duration {
    /// As a loop's clock counts: 0 for what is negative, the largest number for what is longer than can be counted.
    package var nanoseconds: UInt64 {
        // A thousand million is 2 to the 9th times 5 to the 9th: what is left of some two hours, which most are, is divided as
        // 64 bits are.
        if let part = UInt64(exactly: attoseconds >> 9) { return part / 1_953_125 }
        return UInt64(clamping: attoseconds / 1_000_000_000)
    }

    /// As a wall clock counts.
    package var inSeconds: Double { Double(attoseconds) / 1e18 }

    /// Whole seconds, as fields and messages say them; what is beyond is cut off.
    package var wholeSeconds: Int { Int(clamping: components.seconds) }
}
