internal import ASCII

/// How a body is delimited (RFC 9112, 6.3): in one way or not at all.
package enum BodyFraming: Equatable, Sendable {
    /// No body.
    case none
    /// So many bytes.
    case length(Int)
    /// In chunks.
    case chunked
    /// All that comes before the connection ends; responses only.
    case untilEnd

    /// From a request's fields; anything ambiguous is an error.
    package init(_ fields: HeaderFields) throws(HeadError) {
        let lengths = fields.all(.length)
        let encodings = fields.all(.encoding)
        guard encodings.isEmpty || lengths.isEmpty else { throw .conflictingLengths }
        if !encodings.isEmpty {
            guard encodings.count == 1, equalsIgnoringCase(encodings[0], "chunked") else {
                throw .badTransferEncoding
            }
            self = .chunked
        } else if let text = lengths.first {
            guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ $0.isDigit }),
                let length = Int(text)
            else { throw .badContentLength }
            self = .length(length)
        } else {
            self = .none
        }
    }
}

extension BodyFraming {
    /// How a response's body is delimited, given the method that was asked with (6.3).
    package init(of response: ResponseHead, to method: String) throws(HeadError) {
        let framing = try BodyFraming(response.fields)
        // 6.1: a Transfer-Encoding in HTTP/1.0 means faulty framing.
        if framing == .chunked, response.minorVersion == 0 { throw .badTransferEncoding }
        let hasNone = method == "HEAD" || response.status < 200 || !HTTPResponse.hasBody(response.status)
        self = hasNone ? .none : framing == .none ? .untilEnd : framing
    }
}

extension RequestHead {
    /// How the body is delimited; a head from the parser never throws here.
    package var bodyFraming: BodyFraming {
        get throws(HeadError) { try BodyFraming(fields) }
    }
}
