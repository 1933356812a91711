/// Where something listens or can be reached.
package enum Address: Equatable, Sendable, CustomStringConvertible {
    case ip(String, port: UInt16)
    case unix(String)
    /// Looked up when it is dialled. A name that begins with an underscore, with port 0: a service, whose records have the
    /// port.
    case name(String, port: UInt16)

    /// A name whose SRV records are looked up (RFC 2782).
    package var isService: Bool {
        if case .name(let name, port: 0) = self { name.hasPrefix("_") } else { false }
    }

    /// The domain of `_service._protocol.domain`; other names as they are.
    package static func domain(_ name: String) -> String {
        String(name.split(separator: ".").drop { $0.hasPrefix("_") }.joined(separator: "."))
    }

    /// nil for a Unix socket; 0 lets the kernel choose where something is to be listened on.
    package var port: UInt16? {
        switch self {
        case .ip(_, let port), .name(_, let port): port
        case .unix: nil
        }
    }

    /// As the configuration spells it.
    package var description: String {
        switch self {
        case .ip(let ip, let port): ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
        case .unix(let path): "unix:\(path)"
        case .name(let name, let port): "dns:\(name)" + (isService ? "" : ":\(port)")
        }
    }
}
