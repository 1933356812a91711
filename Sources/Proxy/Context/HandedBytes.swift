/// Why what a process has left is not taken.
enum HandedStateError: Error, Equatable, CustomStringConvertible {
    case noNumber, foreign, version(UInt64), cut, garbled

    var description: String {
        switch self {
        case .noNumber: "the environment names no descriptor"
        case .foreign: "it is not from a process of this program"
        case .version(let version): "it has version \(version), which this program does not read"
        case .cut: "it ends too early"
        case .garbled: "it is garbled"
        }
    }
}

// What processes of this program write down for each other. Numbers are in network order; a text has its length in two
// bytes before it, an array in four.

/// A place in bytes that another process wrote, which goes forward.
struct HandedReader {
    var place = 0

    mutating func take(_ count: Int, _ bytes: Span<UInt8>) throws(HandedStateError) -> Range<Int> {
        guard count >= 0, count <= bytes.count - place else { throw .cut }
        defer { place += count }
        return place..<(place + count)
    }

    mutating func number(_ size: Int, _ bytes: Span<UInt8>) throws(HandedStateError) -> UInt64 {
        var value: UInt64 = 0
        for index in try take(size, bytes) { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    mutating func flag(_ bytes: Span<UInt8>) throws(HandedStateError) -> Bool {
        switch try number(1, bytes) {
        case 0: return false
        case 1: return true
        default: throw .garbled
        }
    }

    mutating func text(_ bytes: Span<UInt8>) throws(HandedStateError) -> String {
        let range = try take(Int(try number(2, bytes)), bytes)
        guard let text = String(validating: range.map { bytes[$0] }, as: UTF8.self) else { throw .garbled }
        return text
    }

    /// As many as a number of four bytes says.
    mutating func array(_ bytes: Span<UInt8>) throws(HandedStateError) -> [UInt8] {
        try take(Int(try number(4, bytes)), bytes).map { bytes[$0] }
    }
}

extension OutputSpan<UInt8> {
    /// False where there is no room for all of it; so with the others.
    mutating func put(_ bytes: [UInt8]) -> Bool {
        guard freeCapacity >= bytes.count else { return false }
        for byte in bytes { append(byte) }
        return true
    }

    mutating func put(_ value: UInt64, _ size: Int) -> Bool {
        guard freeCapacity >= size, size == 8 || value >> (8 * UInt64(size)) == 0 else { return false }
        for index in (0..<size).reversed() { append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
        return true
    }

    mutating func put(text: String) -> Bool {
        let bytes = Array(text.utf8)
        return put(UInt64(bytes.count), 2) && put(bytes)
    }

    mutating func put(array bytes: [UInt8]) -> Bool { put(UInt64(bytes.count), 4) && put(bytes) }
}
