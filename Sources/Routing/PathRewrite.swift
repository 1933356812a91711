internal import ASCII

/// Changes the path that a backend sees, from and to canonical ones. The result always begins with `/`.
package enum PathRewrite: Equatable, Sendable {
    case stripPrefix(String)
    case replacePrefix(String, with: String)

    /// The path for the backend; nil for one without the prefix, which is left alone.
    package func apply(_ path: String) -> String? {
        guard isAtOrBelow(path, prefix) else { return nil }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        guard rest.first == .slash || !replacement.isEmpty else { return "/" }
        return replacement + String(Substring(rest))
    }

    /// Whether a path is one that this can make: at the new prefix or below.
    package func reaches(_ path: String) -> Bool { isAtOrBelow(path, replacement) }

    /// Whether it changes some path of a route for this one, or for all below it where that ends in `/`.
    package func changes(somethingAt path: String) -> Bool {
        isAtOrBelow(path, prefix) || path.utf8.last == .slash && isAtOrBelow(prefix, withoutSlash(path))
    }

    private var prefix: String {
        switch self {
        case .stripPrefix(let prefix), .replacePrefix(let prefix, _): withoutSlash(prefix)
        }
    }

    /// The prefix that a path loses, so that a backend can name what it has by its public path; nil when none.
    package func stripped(from path: String) -> String? {
        guard case .stripPrefix = self, !prefix.isEmpty, isAtOrBelow(path, prefix) else { return nil }
        return prefix
    }

    private var replacement: String {
        switch self {
        case .stripPrefix: ""
        case .replacePrefix(_, let replacement): withoutSlash(replacement)
        }
    }

    private func withoutSlash(_ prefix: String) -> String {
        prefix.utf8.last == .slash ? String(prefix.dropLast()) : prefix
    }

    /// At a segment's end only: /chat is no prefix of /chatter.
    private func isAtOrBelow(_ path: String, _ prefix: String) -> Bool {
        guard path.utf8.starts(with: prefix.utf8) else { return false }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        return rest.isEmpty || rest.first == .slash
    }
}
