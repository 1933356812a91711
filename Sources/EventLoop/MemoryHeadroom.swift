internal import CLinux

/// Whether the process can be given more memory, as far as can be told by asking for some: limits on its address space and
/// machines that promise no more than they have say no before anything breaks.
///
/// Looked at by whoever is about to take on something new, and not more often than it can change.
package struct MemoryHeadroom {
    /// Bytes that are asked for: what some dozens of sessions take at once.
    static let bytes = 16 << 20
    /// Nanoseconds for which an answer holds.
    static let span: UInt64 = 5_000_000

    private var askedAt: UInt64?
    private var wasThere = true

    /// Not looked at yet.
    package init() {}

    /// - Parameter now: monotonic nanoseconds.
    package mutating func isThere(at now: UInt64) -> Bool {
        isThere(at: now) { trunkline_can_map($0) == 1 }
    }

    mutating func isThere(at now: UInt64, asking: (Int) -> Bool) -> Bool {
        if let askedAt, now >= askedAt, now - askedAt < Self.span { return wasThere }
        askedAt = now
        wasThere = asking(Self.bytes)
        return wasThere
    }
}
