/// Why a head was not accepted.
package enum HeadError: Error, Equatable, Sendable {
    case bareLineFeed
    case lineFolding
    case controlByte
    case badRequestLine
    case badStatusLine
    case badMethod
    case badTarget
    case badVersion
    case badFieldName
    case badFieldValue
    case missingHost
    case duplicateHost
    case hostMismatch
    case conflictingLengths
    case badContentLength
    case badTransferEncoding
    case tooLarge(limit: Int)
    case tooManyFields(limit: Int)

    /// The status that a client gets.
    package var status: Int {
        switch self {
        case .tooLarge, .tooManyFields: 431
        case .badVersion: 505
        default: 400
        }
    }

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .bareLineFeed: "line ends in a bare line feed"
        case .lineFolding: "folded header line"
        case .controlByte: "control byte in the head"
        case .badRequestLine: "malformed request line"
        case .badStatusLine: "malformed status line"
        case .badMethod: "malformed method"
        case .badTarget: "malformed request target"
        case .badVersion: "unsupported protocol version"
        case .badFieldName: "malformed header field name"
        case .badFieldValue: "malformed header field value"
        case .missingHost: "missing Host"
        case .duplicateHost: "more than one Host"
        case .hostMismatch: "request target and Host differ"
        case .conflictingLengths: "both Content-Length and Transfer-Encoding"
        case .badContentLength: "malformed or repeated Content-Length"
        case .badTransferEncoding: "Transfer-Encoding is not exactly chunked"
        case .tooLarge(let limit): "request head larger than \(limit) bytes"
        case .tooManyFields(let limit): "more than \(limit) header fields"
        }
    }
}

/// Bounds on a head, checked as it comes.
package struct HeadLimits: Equatable, Sendable {
    /// Bytes, first line and line ends included.
    package let bytes: Int
    package let fields: Int

    /// 16 KiB and 100 fields unless told otherwise.
    package init(bytes: Int = 16_384, fields: Int = 100) {
        self.bytes = bytes
        self.fields = fields
    }
}
