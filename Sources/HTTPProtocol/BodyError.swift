/// Why a body was not accepted (RFC 9112, 7.1).
package enum BodyError: Error, Equatable, Hashable, Sendable {
    /// Not one to fifteen hexadecimal digits, or something else than `;` or CRLF behind them.
    case badChunkSize
    /// A control byte in the extensions of chunks, or too many of them.
    case badChunkExtension
    /// A chunk's data that no CRLF follows.
    case badChunkEnd
    /// A trailer section that is no field lines.
    case badTrailer(HeadError)

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .badChunkSize: "malformed chunk size"
        case .badChunkExtension: "malformed or endless chunk extensions"
        case .badChunkEnd: "chunk longer than its size"
        case .badTrailer(let error): "trailer section: \(error.reason)"
        }
    }
}
