internal import ASCII
package import HTTPProtocol

/// What a request may bring as a key. Backends read a field or a cookie that stands twice in several ways: the first, the
/// last, or all of them joined. Each counts, so that another line before the right one is no way around a limit.
package enum KeyReadings {
    /// A request that can be read in more ways than this has too many.
    package static let most = 8

    /// A field, in all spellings that come to the same; nil where there are too many.
    package static func field(_ name: String, in fields: HeaderFields) -> [String]? {
        let lines = fields.all(spelledAs: name)
        guard lines.count <= most else { return nil }
        let isAuthorization = equalsIgnoringCase(name, "authorization")
        let values = isAuthorization ? lines.map(credentials) : lines
        return values.count > 1 ? distinct([values.joined(separator: ", ")] + values) : distinct(values)
    }

    /// A cookie, with what quotes and percent-encoding mean undone; nil where there are too many.
    package static func cookie(_ name: String, in fields: HeaderFields) -> [String]? {
        let wanted = name.utf8
        var values: [String] = []
        for line in fields.values("cookie") {
            for pair in line.split(separator: .semicolon) {
                let text = pair.drop { $0 == .space || $0 == .tab }
                guard text.starts(with: wanted), text.dropFirst(wanted.count).first == .equals else {
                    continue
                }
                guard values.count < most else { return nil }
                values.append(cookieValue(text.dropFirst(wanted.count + 1)))
            }
        }
        return distinct(values)
    }

    /// The scheme in lower case, and one blank behind it: what is the same to RFC 9110, 11.4 is one key.
    private static func credentials(_ value: String) -> String {
        let bytes = value.utf8
        guard let end = bytes.firstIndex(where: { $0 == .space || $0 == .tab }) else { return value }
        let rest = bytes[end...].drop { $0 == .space || $0 == .tab }
        return value[..<end].lowercased() + " " + String(Substring(rest))
    }

    private static func cookieValue(_ value: ArraySlice<UInt8>) -> String {
        var value = value
        while let last = value.last, last == .space || last == .tab { value.removeLast() }
        if value.count > 1, value.first == .quote, value.last == .quote {
            value = value.dropFirst().dropLast()
        }
        let text = String(decoding: value, as: UTF8.self)
        return String(
            decoding: PercentCoding.decoded(query: Substring(text), malformed: .kept) ?? [], as: UTF8.self)
    }

    /// Each once; those that are empty are none.
    private static func distinct(_ values: [String]) -> [String] {
        var found: [String] = []
        for value in values where !value.isEmpty && !found.contains(value) { found.append(value) }
        return found
    }
}
