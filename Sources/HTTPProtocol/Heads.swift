internal import ASCII

/// The head of a request (RFC 9112, 3).
package struct RequestHead: Equatable, Sendable {
    /// A token.
    package var method: String
    /// Path and query.
    package var target: RequestTarget
    /// 0 or 1, of HTTP/1.x.
    package fileprivate(set) var minorVersion: Int
    /// The field lines.
    package var fields: HeaderFields

    /// A head from its parts.
    package init(method: String, target: RequestTarget, minorVersion: Int = 1, fields: HeaderFields) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// Appends the bytes on the wire.
    package func write(into output: inout [UInt8]) {
        output.append(text: method)
        output.append(.space)
        output.append(text: target.path)
        if let query = target.query {
            output.append(.question)
            output.append(text: query)
        }
        output.append(text: minorVersion == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n")
        fields.write(into: &output)
        output += [.carriageReturn, .lineFeed]
    }

    /// The bytes on the wire.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            method.utf8.count + target.path.utf8.count + (target.query?.utf8.count ?? 0)
                + fields.writtenBytes + 16)
        write(into: &bytes)
        return bytes
    }
}

extension RequestHead {
    /// Bytes of memory that it takes.
    package var keptBytes: Int { method.utf8.count &+ target.text.utf8.count &+ fields.keptBytes }
}

/// The head of a response (RFC 9112, 4). It is written as HTTP/1.1, whatever it came as.
package struct ResponseHead: Equatable, Sendable {
    /// Three digits.
    package var status: Int
    /// As it came; may be empty, and in any bytes.
    package var reason: [UInt8]
    /// 0 or 1, of HTTP/1.x, as it came.
    package fileprivate(set) var minorVersion: Int
    /// The field lines.
    package var fields: HeaderFields

    /// A head from its parts.
    package init(status: Int, reason: String, minorVersion: Int = 1, fields: HeaderFields) {
        self.init(
            status: status, reason: Array(reason.utf8), minorVersion: minorVersion, fields: fields)
    }

    /// The same with a reason that is passed on.
    package init(status: Int, reason: [UInt8], minorVersion: Int = 1, fields: HeaderFields) {
        self.status = status
        self.reason = reason
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// Appends the bytes on the wire.
    package func write(into output: inout [UInt8]) {
        output.append(text: "HTTP/1.1 ")
        output.append(text: String(status))
        output.append(.space)
        output += reason
        output += [.carriageReturn, .lineFeed]
        fields.write(into: &output)
        output += [.carriageReturn, .lineFeed]
    }

    /// The bytes on the wire.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(fields.writtenBytes + reason.count + 32)
        write(into: &bytes)
        return bytes
    }
}
