internal import EventLoop
internal import HTTP2Protocol
internal import TLS

/// Why no connection to a backend came about, with the phase it failed in.
enum DialError: Error, Equatable, CustomStringConvertible {
    case resolve(name: String, reason: String)
    case connect(SystemError)
    case tls(TLSError)
    /// A TLS session could not be made, before anything was sent.
    case shortOfMemory(TLSError)
    case timedOut(phase: String)
    /// HTTP/2 could not be begun on the connection: a fault of ours.
    case http2(HTTP2Error)

    var description: String {
        switch self {
        case .resolve(let name, let reason): "cannot resolve '\(name)': \(reason)"
        case .connect(let error): error.description
        case .tls(let error), .shortOfMemory(let error): "tls: \(error)"
        case .timedOut(let phase): "\(phase) timed out"
        case .http2(let error): "http/2: \(error)"
        }
    }

    /// What we are out of ourselves, if that is the cause: then it says nothing of the backend.
    var shortage: SystemError.Shortage? {
        switch self {
        case .connect(let error): error.shortage
        case .shortOfMemory, .http2: .memory
        case .resolve, .tls, .timedOut: nil
        }
    }

    /// The phase, for logs.
    var phase: String {
        switch self {
        case .resolve: "resolve"
        case .connect: "connect"
        case .tls, .shortOfMemory: "tls"
        case .timedOut(let phase): phase
        case .http2: "http2"
        }
    }
}
