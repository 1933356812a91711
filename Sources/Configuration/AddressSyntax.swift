internal import ASCII
internal import HTTPProtocol

/// Addresses as the configuration spells them.
package enum AddressSyntax {
    static let expected =
        "an address such as 127.0.0.1:9001, [::1]:9001, unix:/run/app.sock, dns:name:9001 or dns:_service._tcp.name"

    /// What regular expressions of a JSON Schema can say of addresses to listen on, and of backends'.
    static let listeningPattern = "^(\(socketPattern))$"
    static let pattern = "^(\(socketPattern)|dns:[A-Za-z0-9._-]+:\(portPattern)|dns:_[A-Za-z0-9._-]+)$"

    private static let socketPattern =
        "unix:/.{0,106}|\\[[0-9A-Fa-f:.]+\\]:\(portPattern)|(\(octet)\\.){3}\(octet):\(portPattern)"
    private static let octet = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
    private static let portPattern =
        "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"

    /// nil for a text that is none.
    package static func parse(_ text: String) -> Address? {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            return path.hasPrefix("/") && path.utf8.count < 108 ? .unix(path) : nil
        }
        if text.hasPrefix("dns:_"), !text.dropFirst(4).contains(":") {
            // The records of a service have the port (RFC 2782).
            let name = text.dropFirst(4)
            return isHostName(name) ? .name(String(name), port: 0) : nil
        }
        if text.hasPrefix("dns:") {
            return split(text.dropFirst(4)).flatMap { name, port in
                // Without a port it would be a service.
                let isPlain = port != 0 || !name.hasPrefix("_")
                return isHostName(name) && isPlain ? .name(String(name), port: port) : nil
            }
        }
        guard let (host, port) = split(text[...]) else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast()
            return AddressText.ipv6(inner) == nil ? nil : .ip(String(inner), port: port)
        }
        return AddressText.ipv4(host) == nil ? nil : .ip(String(host), port: port)
    }

    /// Whether something can be sent there: not to an address that stands for any, or for many.
    static func isOfOnePeer(_ address: Address) -> Bool {
        guard case .ip(let ip, _) = address else { return true }
        return (AddressText.ipv4(ip[...]) ?? AddressText.ipv6(ip[...])).map(AddressText.isOfOnePeer) ?? false
    }

    /// Letters, digits, dots, hyphens and underscores, and no label without any: what a resolver can be asked for, and what
    /// a Host can be.
    static func isHostName(_ text: some StringProtocol) -> Bool {
        let labels = text.utf8.split(separator: .dot, omittingEmptySubsequences: false)
        return !text.isEmpty && labels.dropLast().allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { byte in
                switch byte {
                case .hyphen, .dot, .zero ... .nine, .upperA ... .upperZ, .underscore, .lowerA ... .lowerZ:
                    true
                default: false
                }
            }
    }

    /// What is wrong with a name that a certificate is to have; nil = nothing.
    static func complaint(serverName text: String) -> String? {
        if isHostName(text) || AddressText.ipv6(text[...]) != nil { return nil }
        return "'\(text)' is no name that a certificate could have, expected one such as app.internal"
    }

    /// A host and perhaps a port, as they stand in a URL.
    static func isAuthority(_ text: Substring) -> Bool {
        let host = split(text)?.host ?? text
        if host.hasPrefix("["), host.hasSuffix("]") {
            return AddressText.ipv6(host.dropFirst().dropLast()) != nil
        }
        return isHostName(host)
    }

    private static func split(_ text: Substring) -> (host: Substring, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = AddressText.port(text[text.index(after: colon)...])
        else { return nil }
        return (text[..<colon], port)
    }
}
