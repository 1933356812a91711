/// Why what a process has left is not taken.
package enum HandedStateError: Error, Equatable, CustomStringConvertible {
    /// Nothing says where it is.
    case noNumber
    /// It is not of this program.
    case foreign
    /// It is of another one than this.
    case version(UInt64)
    /// It ends too early.
    case cut
    /// It can't be so.
    case garbled

    /// For the log.
    package var description: String {
        switch self {
        case .noNumber: "the environment names no descriptor"
        case .foreign: "it is not from a process of this program"
        case .version(let version): "it has version \(version), which this program does not read"
        case .cut: "it ends too early"
        case .garbled: "it is garbled"
        }
    }
}

/// A place in bytes that another process wrote, which goes forward.
package struct HandedReader {
    /// Of the next byte.
    package private(set) var place: Int

    /// Begins at a place.
    package init(place: Int = 0) { self.place = place }

    /// Goes over so many bytes; says where they are.
    package mutating func take(_ count: Int, _ bytes: Span<UInt8>) throws(HandedStateError) -> Range<Int> {
        guard count >= 0, count <= bytes.count - place else { throw .cut }
        defer { place += count }
        return place..<(place + count)
    }

    /// A number of so many bytes, eight at most.
    package mutating func number(_ size: Int, _ bytes: Span<UInt8>) throws(HandedStateError) -> UInt64 {
        var value: UInt64 = 0
        for index in try take(size, bytes) { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    /// One byte, 0 or 1.
    package mutating func flag(_ bytes: Span<UInt8>) throws(HandedStateError) -> Bool {
        switch try number(1, bytes) {
        case 0: return false
        case 1: return true
        default: throw .garbled
        }
    }

    /// As long as a number of two bytes says.
    package mutating func text(_ bytes: Span<UInt8>) throws(HandedStateError) -> String {
        let range = try take(Int(try number(2, bytes)), bytes)
        guard let text = String(validating: range.map { bytes[$0] }, as: UTF8.self) else { throw .garbled }
        return text
    }

    /// As many bytes as a number of four bytes says.
    package mutating func array(_ bytes: Span<UInt8>) throws(HandedStateError) -> [UInt8] {
        try take(Int(try number(4, bytes)), bytes).map { bytes[$0] }
    }
}
