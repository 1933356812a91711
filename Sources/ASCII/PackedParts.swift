/// Writes parts one behind the other into one block, each behind its length: what is kept for long and seldom read.
package struct PartWriter {
    /// What was written.
    package var bytes: [UInt8] = []

    /// Nothing yet.
    package init() {}

    /// Nothing yet, with room for so many bytes.
    package init(room: Int) { bytes.reserveCapacity(room) }

    /// As large as what was written, and no larger.
    package var packed: [UInt8] {
        var packed: [UInt8] = []
        packed.reserveCapacity(bytes.count)
        packed += bytes
        return packed
    }

    /// A number: seven bits a byte, the lowest first; all but the last byte have the eighth.
    package mutating func put(_ number: UInt64) {
        var left = number
        while left > 127 {
            bytes.append(UInt8(truncatingIfNeeded: left) | 128)
            left >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: left))
    }

    /// A text.
    package mutating func put(_ text: String) {
        let text = text.utf8.span
        put(UInt64(text.count))
        if text.count > 0 { bytes.append(copying: text) }
    }

    /// Bytes of a text, in whatever encoding.
    package mutating func put(_ text: ArraySlice<UInt8>) {
        put(UInt64(text.count))
        bytes += text
    }

    /// A text that may be missing.
    package mutating func put(_ text: String?) { put(optional: text?.utf8) }

    /// Bytes that may be missing.
    package mutating func put(optional part: (some Collection<UInt8>)?) {
        guard let part else { return put(UInt64(0)) }
        put(UInt64(part.count) &+ 1)
        bytes.append(contentsOf: part)
    }
}

/// Reads what `PartWriter` wrote, in the same order. What was not written reads as nothing.
package struct PartReader {
    private let bytes: [UInt8]
    private var place = 0

    /// From the first part on.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What has not been read.
    package var rest: ArraySlice<UInt8> { bytes[place...] }

    /// A byte.
    package mutating func byte() -> UInt8 {
        guard place < bytes.count else { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    /// A number.
    package mutating func number() -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while shift < 64 {
            let next = byte()
            value |= UInt64(next & 127) << shift
            if next < 128 { break }
            shift += 7
        }
        return value
    }

    private mutating func take(_ count: UInt64) -> ArraySlice<UInt8> {
        let end = place + min(Int(clamping: count), bytes.count - place)
        defer { place = end }
        return bytes[place..<end]
    }

    /// The bytes of a text.
    package mutating func part() -> ArraySlice<UInt8> { take(number()) }

    /// A text.
    package mutating func text() -> String { String(decoding: take(number()), as: UTF8.self) }

    /// Bytes that may be missing.
    package mutating func optional() -> ArraySlice<UInt8>? {
        let count = number()
        return count == 0 ? nil : take(count - 1)
    }

    /// A text that may be missing.
    package mutating func optionalText() -> String? {
        optional().map { String(decoding: $0, as: UTF8.self) }
    }
}
