/// What `HandedReader` reads. Each says whether there was room for all of it.
extension OutputSpan<UInt8> {
    /// Bytes as they are.
    package mutating func put(_ bytes: [UInt8]) -> Bool {
        guard freeCapacity >= bytes.count else { return false }
        for byte in bytes { append(byte) }
        return true
    }

    /// A number in so many bytes, eight at most; false where it has more.
    package mutating func put(_ value: UInt64, _ size: Int) -> Bool {
        guard freeCapacity >= size, size == 8 || value >> (8 * UInt64(size)) == 0 else { return false }
        for index in (0..<size).reversed() { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        return true
    }

    /// One byte, 0 or 1.
    package mutating func put(flag: Bool) -> Bool { put(flag ? 1 : 0, 1) }

    /// Its length in two bytes, then itself.
    package mutating func put(text: String) -> Bool {
        let bytes = Array(text.utf8)
        return put(UInt64(bytes.count), 2) && put(bytes)
    }

    /// Its length in four bytes, then itself.
    package mutating func put(array bytes: [UInt8]) -> Bool { put(UInt64(bytes.count), 4) && put(bytes) }
}
