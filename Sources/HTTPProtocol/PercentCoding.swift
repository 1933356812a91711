internal import ASCII

/// Percent-encoding (RFC 3986, 2.1): the only place that writes or undoes it.
package enum PercentCoding {
    /// What becomes of a `%` that no two digits follow.
    package enum Malformed {
        case kept
        case refused
    }

    /// The byte that two digits behind a `%` stand for; nil where they are none.
    static func byte(_ high: UInt8, _ low: UInt8) -> UInt8? {
        guard let high = high.hexValue, let low = low.hexValue else { return nil }
        return high << 4 | low
    }

    /// A name or a value of a query, where `+` is a space (WHATWG URL, 5.1).
    package static func decoded(query text: Substring, malformed: Malformed) -> [UInt8]? {
        let bytes = Array(text.utf8)
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == .percent else {
                plain.append(byte == .plus ? .space : byte)
                continue
            }
            if index + 1 < bytes.count, let decoded = Self.byte(bytes[index], bytes[index + 1]) {
                plain.append(decoded)
                index += 2
            } else {
                guard malformed == .kept else { return nil }
                plain.append(byte)
            }
        }
        return plain
    }

    /// Text as it may stand anywhere in a URL: only what is unreserved stays as it is.
    package static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [
                    .percent, UInt8(hexDigit: byte >> 4, upper: true), UInt8(hexDigit: byte, upper: true),
                ]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
