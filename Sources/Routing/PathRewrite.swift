/// Changes the path that a backend sees. The query stays; the result always begins with `/`.
package enum PathRewrite: Equatable, Sendable {
    case stripPrefix(String)
    case replacePrefix(String, with: String)

    /// The target for the backend; a target without the prefix is left alone.
    package func apply(_ target: String) -> String {
        switch self {
        case .stripPrefix(let prefix): replace(prefix, "", in: target)
        case .replacePrefix(let prefix, let replacement): replace(prefix, replacement, in: target)
        }
    }

    private func replace(_ prefix: String, _ replacement: String, in target: String) -> String {
        let path = target.prefix { $0 != "?" }
        let query = target.dropFirst(path.count)
        let bare = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        // At a segment boundary only: /chat is no prefix of /chatter.
        guard path.hasPrefix(bare), path.count == bare.count || path.dropFirst(bare.count).first == "/" else {
            return target
        }
        let rest = path.dropFirst(bare.count)
        let base = replacement.hasSuffix("/") ? String(replacement.dropLast()) : replacement
        let joined = base + rest
        return (joined.hasPrefix("/") ? joined : "/" + joined) + query
    }
}
