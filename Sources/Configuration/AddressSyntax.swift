/// Addresses as the configuration spells them.
package enum AddressSyntax {
    static let expected = "an address such as 127.0.0.1:9001, [::1]:9001, unix:/run/app.sock or dns:name:9001"

    /// nil for a text that is none.
    package static func parse(_ text: String) -> Address? {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            return path.hasPrefix("/") && path.utf8.count < 108 ? .unix(path) : nil
        }
        if text.hasPrefix("dns:") {
            guard let (name, port) = split(text.dropFirst(4)), !name.isEmpty, !name.contains(":") else {
                return nil
            }
            return .name(name, port: port)
        }
        guard let (host, port) = split(text[...]) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            return inner.contains(":") && inner.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." })
                ? .ip(inner, port: port) : nil
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.allSatisfy({ UInt8($0) != nil && $0.allSatisfy(\.isNumber) }) else {
            return nil
        }
        return .ip(host, port: port)
    }

    private static func split(_ text: Substring) -> (String, UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        return (String(text[..<colon]), port)
    }
}
