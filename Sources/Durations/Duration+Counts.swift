/// What options say as a `Duration` is counted on the way: in nanoseconds of a loop's clock, or in seconds of a wall clock.
extension Duration {
    /// As a loop's clock counts: 0 for what is negative, the largest number for what is longer than can be counted.
    package var nanoseconds: UInt64 { UInt64(clamping: attoseconds / 1_000_000_000) }

    /// As a wall clock counts.
    package var inSeconds: Double { Double(attoseconds) / 1e18 }

    /// Whole seconds, as fields and messages say them; what is beyond is cut off.
    package var wholeSeconds: Int { Int(clamping: components.seconds) }
}
