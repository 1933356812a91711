/// Where something listens or can be reached.
package enum Address: Equatable, Sendable, CustomStringConvertible {
    case ip(String, port: UInt16)
    case unix(String)
    /// Looked up when it is dialled.
    case name(String, port: UInt16)

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
        case .name(let name, let port): "dns:\(name):\(port)"
        }
    }
}
