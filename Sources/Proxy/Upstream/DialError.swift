internal import EventLoop
internal import TLS

/// Why no connection to a backend came about, with the phase it failed in.
enum DialError: Error, Equatable, CustomStringConvertible {
    case resolve(name: String, reason: String)
    case connect(SystemError)
    case tls(TLSError)
    case timedOut(phase: String)

    var description: String {
        switch self {
        case .resolve(let name, let reason): "cannot resolve '\(name)': \(reason)"
        case .connect(let error): error.description
        case .tls(let error): "tls: \(error)"
        case .timedOut(let phase): "\(phase) timed out"
        }
    }

    /// The phase, for logs.
    var phase: String {
        switch self {
        case .resolve: "resolve"
        case .connect: "connect"
        case .tls: "tls"
        case .timedOut(let phase): phase
        }
    }
}
