internal import ASCII

/// The target of a request in its one canonical form (RFC 3986, 6.2.2): routing, rewriting, keys, logs and what a backend
/// is asked all go by these bytes.
///
/// In the path percent-encoded unreserved characters are decoded, other percent-encodings are in upper case, and there are
/// no dot segments; the query is as it came. What backends are known to read in more than one way is kept, and named by
/// `everyReading`.
package struct RequestTarget: Hashable, Sendable, CustomStringConvertible {
    /// Only `/`.
    package static let root = RequestTarget(path: "/", query: nil)
    /// `*`: the server itself, which only OPTIONS can ask (RFC 9110, 9.3.7). It has no path, and no route is looked for.
    package static let server = RequestTarget(path: "*", query: nil)

    /// Whether it is `server`: no other path begins so.
    package var isServer: Bool { path.utf8.first == .star }

    /// From `/` on, visible ASCII.
    package let path: String
    /// What follows the first `?`; nil without one.
    package let query: String?
    /// What of the path backends read differently.
    let doubts: Doubts

    /// A target in origin form (RFC 9112, 3.2.1), in time that grows with its length.
    package init(_ bytes: Span<UInt8>) throws(RequestTargetError) {
        var canonical = CanonicalPath(capacity: bytes.count)
        let end = try canonical.read(bytes)
        path = String(decoding: canonical.bytes, as: UTF8.self)
        doubts = Doubts(canonical.bytes)
        guard end < bytes.count else {
            query = nil
            return
        }
        var rest: [UInt8] = []
        rest.reserveCapacity(bytes.count - end)
        for index in (end + 1)..<bytes.count {
            guard isVisible(bytes[index]) else { throw .malformed }
            rest.append(bytes[index])
        }
        query = String(decoding: rest, as: UTF8.self)
    }

    /// The same from text.
    package init(text: String) throws(RequestTargetError) {
        try self.init(text.utf8.span)
    }

    /// - Parameter path: in the canonical form.
    private init(path: String, query: String?) {
        self.path = path
        self.query = query
        doubts = Doubts(Array(path.utf8))
    }

    /// One that was kept.
    init(kept path: String, query: String?) { self.init(path: path, query: query) }

    /// The same query behind another path, e.g. a rewritten one; nil where that is no canonical path.
    package func replacing(path: String) -> RequestTarget? {
        guard let other = try? RequestTarget(text: path), other.query == nil, other.path == path else {
            return nil
        }
        return RequestTarget(path: path, query: query)
    }

    /// The same path with another query.
    package func replacing(query: String?) -> RequestTarget { RequestTarget(path: path, query: query) }

    /// As it goes on the wire.
    package var text: String { query.map { path + "?" + $0 } ?? path }
    /// As it goes on the wire.
    package var description: String { text }

    /// The host of a `Host` field for routing: lower case, without port and trailing dot.
    package static func hostName(_ host: String) -> String {
        if isHostName(host) { return host }
        let lower = lowercased(host)
        if lower.utf8.first == .openBracket {
            return String(Substring(lower.utf8.prefix { $0 != .closeBracket })) + "]"
        }
        let name = lower.utf8.prefix { $0 != .colon }
        return String(Substring(name.last == .dot ? name.dropLast() : name))
    }

    /// Whether it stands as it is routed by, as most do.
    private static func isHostName(_ host: String) -> Bool {
        let bytes = host.utf8.span
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == .colon || byte == .openBracket || byte.isUpper { return false }
        }
        return bytes.count > 0 && bytes[bytes.count - 1] != .dot
    }

    /// The same with its port, unless that says nothing: the one that the scheme has anyway (RFC 9110, 4.2.3), or the one
    /// that is told beside it.
    ///
    /// - Parameter ports: in digits.
    package static func authority(_ host: String, without ports: [String]) -> String {
        let name = hostName(host)
        let isBracketed = host.utf8.first == .openBracket
        let rest = isBracketed ? host.utf8.drop { $0 != .closeBracket } : host.utf8[...]
        let digits = Substring(rest.drop { $0 != .colon }.dropFirst())
        let saysNothing = digits.isEmpty || ports.contains { $0.utf8.elementsEqual(digits.utf8) }
        return saysNothing ? name : name + ":" + digits
    }
}

/// Why a target is none; each is answered 400.
package enum RequestTargetError: Error, Equatable, Hashable, Sendable {
    /// Not in origin form, or with bytes outside visible ASCII.
    case malformed
    /// A `%` that two hexadecimal digits don't follow: after one decoding it could mean something in the next.
    case malformedEncoding
    /// A control byte, percent-encoded.
    case controlByte
    /// More `..` than segments before them: nothing can be meant by that.
    case aboveRoot

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .malformed: "malformed request target"
        case .malformedEncoding: "malformed percent-encoding in the path"
        case .controlByte: "control byte in the path"
        case .aboveRoot: "path climbs above its root"
        }
    }
}
