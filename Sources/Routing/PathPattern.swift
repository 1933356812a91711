internal import Synchronization

/// A regular expression that a whole path must match.
///
/// Patterns may take time that grows with a power of the path's length, and the path is a stranger's: long paths match
/// nothing.
package final class PathPattern: Sendable {
    /// Bytes of the longest path that is looked at.
    package static let longestPath = 1024

    // A regular expression is not safe to share; the lock is held for one match of one request's path.
    private let expression: Mutex<Regex<AnyRegexOutput>>

    /// nil when the text is no regular expression in Swift's grammar, which is close to PCRE's.
    package init?(_ text: String) {
        guard let parsed = try? Regex(text) else { return nil }
        // By scalars: a path is ASCII, and needs no grapheme breaking.
        expression = Mutex(parsed.matchingSemantics(.unicodeScalar))
    }

    /// Whether the whole path matches.
    package func accepts(_ path: String) -> Bool {
        guard path.utf8.count <= Self.longestPath else { return false }
        return expression.withLock { expression in
            let match = try? expression.wholeMatch(in: path)
            return match != nil
        }
    }
}
