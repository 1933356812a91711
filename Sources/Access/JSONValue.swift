internal import ASCII

/// A value of JSON (RFC 8259). Numbers are kept as they are spelled.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Reads a text that is to be all of one value.
    package init(_ bytes: some Collection<UInt8>) throws(JSONError) {
        var reader = JSONReader(Array(bytes))
        self = try reader.read()
    }

    /// A member of an object; nil where there is none.
    package subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// The text of a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The text of a string, a number or a truth; nil for all others.
    package var scalar: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let truth): truth ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}

/// Why a text is no JSON that is taken.
package enum JSONError: Error, Equatable, Sendable {
    case malformed
    /// A name stands twice in an object: who reads the last and who reads the first would read different things.
    case duplicateName
    case tooDeep
}

/// Reads JSON strictly, with a list of what is open instead of calls within calls.
struct JSONReader {
    /// Arrays and objects within each other.
    static let deepest = 16

    /// An array, or an object whose next value has this name.
    private struct Open {
        let isObject: Bool
        var name = ""
        private var items: [JSONValue] = []
        private var members: [String: JSONValue] = [:]

        init(isObject: Bool, name: String = "") {
            self.isObject = isObject
            self.name = name
        }

        /// False when an object has the name already.
        mutating func take(_ value: JSONValue) -> Bool {
            guard isObject else {
                items.append(value)
                return true
            }
            return members.updateValue(value, forKey: name) == nil
        }

        var end: UInt8 { isObject ? .closeBrace : .closeBracket }
        var value: JSONValue { isObject ? .object(members) : .array(items) }
    }

    private let bytes: [UInt8]
    private var position = 0
    private var open: [Open] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() throws(JSONError) -> JSONValue {
        while true {
            guard var value = try begin() else { continue }
            while !open.isEmpty {
                guard let closed = try add(value) else { break }
                value = closed
            }
            if open.isEmpty, isDone { return value }
            guard !open.isEmpty else { throw .malformed }
        }
    }

    private var isDone: Bool { bytes[position...].allSatisfy(isBlank) }

    /// Begins the next value; nil where it is one that holds others, which come first.
    private mutating func begin() throws(JSONError) -> JSONValue? {
        switch try peek() {
        case .openBrace:
            position += 1
            if try peek() == .closeBrace {
                position += 1
                return .object([:])
            }
            try push(Open(isObject: true, name: try name()))
            return nil
        case .openBracket:
            position += 1
            if try peek() == .closeBracket {
                position += 1
                return .array([])
            }
            try push(Open(isObject: false))
            return nil
        case .quote: return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func push(_ frame: Open) throws(JSONError) {
        guard open.count < Self.deepest else { throw .tooDeep }
        open.append(frame)
    }

    /// Puts a value into what is open. Returns that when it is complete.
    ///
    /// What is open is changed where it stands: taken out it would be copied, with each value that comes into it.
    private mutating func add(_ value: JSONValue) throws(JSONError) -> JSONValue? {
        let next = try peek()
        position += 1
        let last = open.count - 1
        guard open[last].take(value) else { throw .duplicateName }
        guard next == .comma else {
            guard next == open[last].end, let closed = open.popLast() else { throw .malformed }
            return closed.value
        }
        guard open[last].isObject else { return nil }
        _ = try peek()
        open[last].name = try name()
        return nil
    }

    private mutating func name() throws(JSONError) -> String {
        guard try peek() == .quote else { throw .malformed }
        let name = try string()
        guard try peek() == .colon else { throw .malformed }
        position += 1
        return name
    }

    /// The next byte that is no blank.
    private mutating func peek() throws(JSONError) -> UInt8 {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position < bytes.count else { throw .malformed }
        return bytes[position]
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw .malformed }
        position += text.utf8.count
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> String {
        let start = position
        if current == .hyphen { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if current == .dot {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == .plus || current == .hyphen { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = current, byte.isDigit { position += 1 }
        guard position > start else { throw .malformed }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case .quote:
                guard let whole = String(validating: text, as: UTF8.self) else { throw .malformed }
                return whole
            case .backslash: try escape(into: &text)
            case 0..<UInt8.space: throw .malformed
            default: text.append(byte)
            }
        }
        throw .malformed
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw .malformed }
        position += 1
        switch byte {
        case .quote, .slash, .backslash: text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(.lineFeed)
        case UInt8(ascii: "r"): text.append(.carriageReturn)
        case UInt8(ascii: "t"): text.append(.tab)
        case UInt8(ascii: "u"): text += String(Character(try scalar())).utf8
        default: throw .malformed
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let first = try unit()
        guard (0xD800..<0xDC00).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw .malformed }
            return scalar
        }
        guard bytes[position...].starts(with: [.backslash, UInt8(ascii: "u")]) else { throw .malformed }
        position += 2
        let second = try unit()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .malformed }
        return scalar
    }

    private mutating func unit() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw .malformed }
        var value: UInt32 = 0
        for byte in bytes[position..<(position + 4)] {
            guard let digit = byte.hexValue else { throw .malformed }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == .space || byte == .tab || byte == .lineFeed || byte == .carriageReturn
}
