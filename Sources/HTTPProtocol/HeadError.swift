/// Why a head was not accepted (RFC 9112, 2.2, 3, 5 and 6).
package enum HeadError: Error, Equatable, Hashable, Sendable {
    /// A line that ends without a carriage return.
    case bareLineFeed
    /// A carriage return that no line feed follows.
    case bareCarriageReturn
    /// An obsolete continuation line.
    case lineFolding
    /// A control byte other than HTAB in a value.
    case controlByte
    /// Not three parts, or something else than a version at the end.
    case badRequestLine
    /// Not `HTTP/1.x`, three digits and a reason.
    case badStatusLine
    /// A response's 101 to a request that asked for no other protocol.
    case unaskedSwitch
    /// Not a token.
    case badMethod
    /// Neither origin form nor absolute form, or with bytes outside visible ASCII.
    case badTarget
    /// CONNECT with an authority: a tunnel to somewhere else (RFC 9112, 3.2.3), which nobody gets.
    case tunnel
    /// Nothing that a backend could be asked for.
    case badPath(RequestTargetError)
    /// A version other than 1.0 and 1.1.
    case badVersion
    /// An empty name, or one with other bytes than a token's, e.g. white space before the colon.
    case badFieldName
    /// HTTP/1.1 without Host.
    case missingHost
    /// More than one Host.
    case duplicateHost
    /// Not a host with an optional port.
    case badHost
    /// Both Content-Length and Transfer-Encoding.
    case conflictingLengths
    /// Not one decimal number.
    case badContentLength
    /// Not exactly `chunked`, or in HTTP/1.0.
    case badTransferEncoding
    /// More bytes than allowed.
    case tooLarge(limit: Int)
    /// More field lines than allowed.
    case tooManyFields(limit: Int)
    /// More interim responses than allowed, and still no final one.
    case tooManyInterim(limit: Int)

    /// The status that a client gets.
    package var status: Int {
        switch self {
        case .tooLarge, .tooManyFields: 431
        case .tunnel: 405
        case .badVersion: 505
        default: 400
        }
    }

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .bareLineFeed: "line ends in a bare line feed"
        case .bareCarriageReturn: "carriage return without a line feed"
        case .lineFolding: "folded header line"
        case .controlByte: "control byte in the head"
        case .badRequestLine: "malformed request line"
        case .badStatusLine: "malformed status line"
        case .unaskedSwitch: "switch to a protocol that nobody asked for"
        case .badMethod: "malformed method"
        case .badTarget: "malformed request target"
        case .tunnel: "no tunnels here"
        case .badPath(let error): error.reason
        case .badVersion: "unsupported protocol version, expected HTTP/1.1"
        case .badFieldName: "malformed header field name"
        case .missingHost: "missing Host"
        case .duplicateHost: "more than one Host"
        case .badHost: "malformed Host"
        case .conflictingLengths: "both Content-Length and Transfer-Encoding"
        case .badContentLength: "malformed or repeated Content-Length"
        case .badTransferEncoding: "Transfer-Encoding is not exactly chunked"
        case .tooLarge(let limit): "head larger than \(limit) bytes"
        case .tooManyFields(let limit): "more than \(limit) header fields"
        case .tooManyInterim(let limit): "more than \(limit) interim responses"
        }
    }
}
