/// Why a stream or a connection ended (RFC 9113, 7).
package struct HTTP2Code: Equatable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    package let number: UInt32

    /// A code from its number; unknown ones are kept.
    package init(_ number: UInt32) { self.number = number }

    /// In order.
    package static let noError = HTTP2Code(0)
    /// The peer broke the protocol.
    package static let protocolError = HTTP2Code(1)
    /// Our fault.
    package static let internalError = HTTP2Code(2)
    /// The peer sent on a stream that it had ended.
    package static let streamClosed = HTTP2Code(5)
    /// Not processed at all: may be sent again.
    package static let refusedStream = HTTP2Code(7)
    /// No longer wanted.
    package static let cancel = HTTP2Code(8)
    /// A tunnel's TCP connection broke (8.5).
    package static let connectError = HTTP2Code(10)
    /// The peer asks too much.
    package static let enhanceYourCalm = HTTP2Code(11)
    /// The request is to be made over HTTP/1.1.
    package static let http11Required = HTTP2Code(13)

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
        "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    /// The name that the RFC gives it.
    package var description: String {
        number < UInt32(Self.names.count) ? Self.names[Int(number)] : "code \(number)"
    }
}

/// Why a session can't go on.
package enum HTTP2Error: Error, Equatable, CustomStringConvertible {
    /// The first bytes are not HTTP/2's preface (RFC 9113, 3.4).
    case noPreface
    /// The library is out of memory, or was asked something impossible.
    case library(String)
    /// The peer asks too much.
    case abuse(HTTP2Abuse)

    /// One line.
    package var description: String {
        switch self {
        case .noPreface: "not an HTTP/2 connection preface"
        case .library(let text): "nghttp2: \(text)"
        case .abuse(let abuse): abuse.rawValue
        }
    }
}
