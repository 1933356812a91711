internal import ASCII

/// Times as authorities write them, in seconds since 1970.
package enum InternetTime {
    /// RFC 3339, e.g. `2026-01-02T04:00:00Z`; nil for anything else.
    package static func seconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == .hyphen, bytes[7] == .hyphen,
            bytes[10].lowercased == UInt8(ascii: "t"), bytes[13] == .colon,
            bytes[16] == .colon, let year = number(bytes, 0..<4), let month = number(bytes, 5..<7),
            let day = number(bytes, 8..<10), let hour = number(bytes, 11..<13),
            let minute = number(bytes, 14..<16), let second = number(bytes, 17..<19)
        else { return nil }
        var position = 19
        if bytes[position] == .dot {
            position += 1
            while position < bytes.count, bytes[position].isDigit { position += 1 }
        }
        guard let offset = offset(bytes[position...]) else { return nil }
        return time(year, month, day, hour, minute, second).map { $0 - Double(offset) }
    }

    /// An HTTP date (RFC 9110, 5.6.7) in its one current form, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`.
    package static func httpDate(_ text: String) -> Double? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        return time(year, month + 1, day, clock[0], clock[1], clock[2])
    }

    /// `Retry-After` (RFC 9110, 10.2.3) from now on, a day at most; nil where it says nothing.
    package static func retryAfter(_ text: String?, now: Double) -> Duration? {
        guard let text else { return nil }
        if let seconds = Int(text), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
        return httpDate(text).map { .seconds(min(max(($0 - now).rounded(.up), 0), 86_400)) }
    }

    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        guard bytes[range].allSatisfy({ $0.isDigit }) else { return nil }
        return bytes[range].reduce(0) { $0 * 10 + Int($1 - .zero) }
    }

    /// Seconds that a local time is ahead of UTC.
    private static func offset(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first else { return nil }
        if bytes.count == 1, first.lowercased == UInt8(ascii: "z") { return 0 }
        let rest = Array(bytes.dropFirst())
        guard rest.count == 5, rest[2] == 58, first == 43 || first == 45, let hours = number(rest, 0..<2),
            let minutes = number(rest, 3..<5), hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (first == 45 ? -60 : 60)
    }

    private static func time(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Double? {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        // Days from civil, after H. Hinnant: years begin in March.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
        return Double(days * 86_400 + hour * 3600 + minute * 60 + second)
    }
}
