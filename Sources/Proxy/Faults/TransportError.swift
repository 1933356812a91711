internal import EventLoop
internal import HTTP2Protocol
internal import TLS

/// Why a transport broke.
enum TransportError: Error, Equatable, CustomStringConvertible {
    case system(SystemError)
    case tls(TLSError)
    /// A stream of an HTTP/2 connection was reset by its peer.
    case stream(HTTP2Code)
    /// The connection of such a stream ended.
    case connection(HTTP2ConnectionLoss)

    /// What became of a stream.
    static func of(_ stream: HTTP2Stream?, _ code: HTTP2Code) -> TransportError {
        stream?.connectionLoss.map { .connection($0) } ?? .stream(code)
    }

    var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): "tls: \(error)"
        case .stream(let code): "stream reset: \(code)"
        case .connection(let loss): loss.description
        }
    }
}
