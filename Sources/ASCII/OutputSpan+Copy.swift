extension OutputSpan<UInt8> {
    /// Adds bytes; false, and nothing is added, where there is no room for them.
    ///
    /// Several at a time, unlike a loop that appends: zeros first, and then each byte in its place, where no count is kept.
    @discardableResult
    package mutating func put(_ bytes: Span<UInt8>) -> Bool {
        let count = bytes.count
        guard count <= freeCapacity else { return false }
        append(repeating: 0, count: count)
        var all = mutableSpan
        var place = all._mutatingExtracting(last: count)
        guard place.count == count else { return false }
        for index in 0..<count { place[index] = bytes[index] }
        return true
    }
}

extension [UInt8] {
    /// Adds bytes at the end.
    package mutating func append(copying bytes: Span<UInt8>) {
        append(addingCapacity: bytes.count) { (output: inout OutputSpan<UInt8>) in output.put(bytes) }
    }
}
