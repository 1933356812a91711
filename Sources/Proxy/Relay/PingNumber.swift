/// The number in a Ping of ours, which its Pong brings back: so much its peer has read (RFC 6455, 5.5.3).
enum PingNumber {
    private static let size = 8

    static func payload(_ number: UInt64) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (size - 1 - $0))) }
    }

    /// Nil for what is no number of ours.
    static func read(_ payload: [UInt8]) -> UInt64? {
        payload.count == size ? payload.reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
