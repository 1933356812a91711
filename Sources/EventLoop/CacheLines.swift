internal import CLinux

/// Where in memory a piece of work looks that is done for thousands, one after the other: each finds its memory gone from
/// the processor's caches, and would wait for one line after the other, as one object leads to the next. Who knows the
/// places beforehand has them all brought at once, while the work for another is done.
///
/// The places are hints. Nothing is read or written here, so one that has become another's, or nobody's, does no harm.
@safe package struct CacheLines {
    /// What the processor fetches at a time, in bytes.
    private static let size: UInt = 64
    /// Of one place.
    private static let mostLines: UInt = 8

    /// The first line of each, and in the bits that this leaves how many more follow; 0 behind the last.
    private var places = InlineArray<8, UInt>(repeating: 0)

    /// With no places.
    package init() {}

    /// Adds the first bytes of an object, its header included.
    package mutating func add(_ object: AnyObject, bytes: Int) {
        // Unsafe: only the number is kept, and never followed.
        add(unsafe UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque()), bytes: bytes)
    }

    /// Adds a field of an object, and what follows it there.
    package mutating func add<Value: ~Copyable>(_ field: inout Value, bytes: Int) {
        // Unsafe: only the number is kept, and never followed.
        add(unsafe withUnsafeMutablePointer(to: &field) { UInt(bitPattern: $0) }, bytes: bytes)
    }

    /// Adds bytes from an address on: eight lines of them at most. What is more than eight places is left out.
    package mutating func add(_ start: UInt, bytes: Int) {
        guard bytes > 0, let free = places.indices.first(where: { places[$0] == 0 }) else { return }
        let end = start.addingReportingOverflow(UInt(bytes) - 1)
        let last = (end.overflow ? .max : end.partialValue) / Self.size
        let first = start / Self.size
        places[free] = first * Self.size | min(last - first, Self.mostLines - 1)
    }

    /// The addresses of all lines.
    package var addresses: [UInt] {
        var addresses: [UInt] = []
        each { addresses.append($0) }
        return addresses
    }

    /// Has them brought near.
    @inline(__always)
    package func fetch() { each { trunkline_prefetch($0) } }

    @inline(__always)
    private func each(_ body: (UInt) -> Void) {
        for index in places.indices {
            let place = places[index]
            guard place != 0 else { return }
            var line = place & ~(Self.size &- 1)
            for _ in 0...(place & (Self.size &- 1)) {
                body(line)
                line &+= Self.size
            }
        }
    }
}
