internal import CLinux
internal import Durations

/// The kernel's random generator, drawn in blocks of 2 KiB so that a mask costs no system call (RFC 6455, 5.3 and 10.3).
package struct KernelRandom: RandomNumberGenerator {
    /// A generator that draws its first block when it is first asked.
    package init() {}

    private var pool = [UInt64](repeating: 0, count: 256)
    private var used = 256

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        if used == pool.count { refill() }
        defer { used += 1 }
        return pool[used]
    }

    private mutating func refill() {
        let bytes = pool.count * MemoryLayout<UInt64>.size
        // getrandom fills up to 256 bytes at once without ever being interrupted; larger requests may come back short.
        var filled = 0
        while filled < bytes {
            let count = unsafe pool.withUnsafeMutableBytes { raw in
                unsafe getrandom(raw.baseAddress?.advanced(by: filled), min(256, bytes - filled), 0)
            }
            if count > 0 { filled += count }
        }
        used = 0
    }

    /// As many nanoseconds as options say, give or take a fraction.
    package mutating func jittered(_ duration: Duration, by fraction: Double) -> UInt64 {
        jittered(duration.nanoseconds, by: fraction)
    }

    /// A time between `(1 - fraction)` and `(1 + fraction)` of the nanoseconds given.
    package mutating func jittered(_ nanoseconds: UInt64, by fraction: Double) -> UInt64 {
        // 53 bits of a word are a fraction below 1.
        let part = Double(next() >> 11) * 0x1p-53
        return UInt64(Double(nanoseconds) * (1 - fraction + 2 * fraction * part))
    }
}
