/// What consistent hashing takes its key from.
package enum HashKey: Equatable, Sendable, CustomStringConvertible {
    case clientIP
    case header(String)
    case cookie(String)
    case query(String)
    /// The path without its query.
    case path

    /// From its spelling in the configuration: `client_ip`, `header:NAME`, `cookie:NAME`, `query:NAME` or `path`.
    package init?(_ text: String) {
        switch text {
        case "client_ip": self = .clientIP
        case "path": self = .path
        default:
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty else { return nil }
            let name = String(parts[1])
            switch parts[0] {
            case "header": self = .header(name.lowercased())
            case "cookie": self = .cookie(name)
            case "query": self = .query(name)
            default: return nil
            }
        }
    }

    /// Its spelling in the configuration.
    package var description: String {
        switch self {
        case .clientIP: "client_ip"
        case .header(let name): "header:\(name)"
        case .cookie(let name): "cookie:\(name)"
        case .query(let name): "query:\(name)"
        case .path: "path"
        }
    }

    /// The value of a parameter in a query, as it is spelled there; nil when absent or empty.
    package static func queryValue(_ name: String, in query: String) -> [UInt8]? {
        value(name, in: Array(query.utf8)[...], separator: 0x26)
    }

    /// The value of a cookie in a `Cookie` field (RFC 6265, 4.2.1); nil when absent or empty.
    package static func cookieValue(_ name: String, in field: [UInt8]) -> [UInt8]? {
        value(name, in: field[...], separator: 0x3B)
    }

    /// The value that a `Set-Cookie` field gives to a cookie (RFC 6265, 4.1.1); nil for other cookies.
    package static func setCookieValue(_ name: String, in field: [UInt8]) -> [UInt8]? {
        value(name, in: field.prefix { $0 != 0x3B }, separator: 0x3B)
    }

    /// The text that a JSON object at the start of a body gives to a name: `"sid":"…"`, without escapes; nil when it
    /// isn't there or not complete.
    package static func jsonValue(_ name: String, in start: [UInt8]) -> [UInt8]? {
        let pattern = Array("\"\(name)\":\"".utf8)
        guard start.count > pattern.count else { return nil }
        for position in 0...(start.count - pattern.count)
        where start[position...].starts(with: pattern) {
            let rest = start[(position + pattern.count)...]
            guard let end = rest.firstIndex(of: 0x22), end > rest.startIndex else { return nil }
            return Array(rest[..<end])
        }
        return nil
    }

    /// By bytes, and as they came: values may be in any encoding, a character may hide a delimiter, and takes long to find.
    private static func value(_ name: String, in list: ArraySlice<UInt8>, separator: UInt8) -> [UInt8]? {
        for part in list.split(separator: separator) {
            let pair = part.drop { $0 == 0x20 }
            let rest = pair.dropFirst(name.utf8.count)
            guard rest.first == 0x3D, pair.starts(with: name.utf8) else { continue }
            let value = rest.dropFirst()
            return value.isEmpty ? nil : Array(value)
        }
        return nil
    }
}
