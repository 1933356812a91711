internal import ASCII

/// The members of a JSON object that are text, as the demo's messages have them (RFC 8259).
///
/// Strangers write these: nothing here recurses, every byte is read once, and the depth of what is skipped has a limit.
struct FlatObject: Equatable {
    /// More brackets within each other than any message of the demo has.
    static let deepest = 16

    /// By their names; of two with one name the last counts. Values of other kinds are left out.
    private(set) var members: [String: String] = [:]

    /// nil for what is no JSON object, or is nested deeper than any message needs to be.
    init?(_ text: [UInt8]) {
        var reader = JSONReader(text)
        guard reader.take("{") else { return nil }
        if !reader.take("}") {
            repeat {
                guard let name = reader.string(), reader.take(":") else { return nil }
                if reader.next == UInt8(ascii: "\"") {
                    guard let value = reader.string() else { return nil }
                    members[name] = value
                } else {
                    guard reader.skipValue(deepest: Self.deepest) else { return nil }
                    members[name] = nil
                }
            } while reader.take(",")
            guard reader.take("}") else { return nil }
        }
        guard reader.next == nil else { return nil }
    }
}

/// Goes through a JSON text once, from its first byte to its last.
struct JSONReader {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The next byte that is no blank; nil at the end.
    var next: UInt8? {
        mutating get {
            while position < text.count, [.space, .tab, .lineFeed, .carriageReturn].contains(text[position]) {
                position += 1
            }
            return position < text.count ? text[position] : nil
        }
    }

    /// Moves behind this byte if it comes next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    /// A text in quotes, its escapes resolved (RFC 8259, 7); nil for what is none.
    mutating func string() -> String? {
        guard take("\"") else { return nil }
        var units: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escaped() else { return nil }
                units.append(contentsOf: String(scalar).utf8)
            case 0..<UInt8.space: return nil
            default: units.append(byte)
            }
        }
        return nil
    }

    /// What stands behind a backslash.
    private mutating func escaped() -> Unicode.Scalar? {
        guard position < text.count else { return nil }
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let unit = fourDigits() else { return nil }
            return wholeScalar(unit)
        default: return nil
        }
    }

    /// Half a pair of surrogates stands for nothing without its other half.
    private mutating func wholeScalar(_ unit: UInt32) -> Unicode.Scalar {
        let start = position
        if (0xD800..<0xDC00).contains(unit), position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
            text[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            if let low = fourDigits(), (0xDC00..<0xE000).contains(low) {
                return Unicode.Scalar(0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00)) ?? "\u{FFFD}"
            }
            position = start
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
    }

    private mutating func fourDigits() -> UInt32? {
        guard text.count - position >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in text[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }

    /// Moves behind a value of any kind. Of what is skipped only brackets and strings are looked at.
    mutating func skipValue(deepest: Int) -> Bool {
        var open: [UInt8] = []
        let start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard open.count < deepest else { return false }
                // The bracket that closes it stands two places on in ASCII.
                open.append(byte + 2)
                position += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if open.isEmpty { return position > start }
                guard open.removeLast() == byte else { return false }
                position += 1
            case UInt8(ascii: ",") where open.isEmpty: return position > start
            default: position += 1
            }
        }
        return false
    }
}
