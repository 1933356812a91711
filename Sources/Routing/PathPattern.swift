package import Patterns

/// A regular expression that a whole path must match. One worker's own.
package struct PathPattern {
    private let pattern: Pattern?

    /// A text that does not compile, which the configuration would have refused, decides nothing: every path that it is
    /// asked about is refused.
    package init(_ text: String) { pattern = try? Pattern(text) }

    /// Whether the whole path matches.
    package func accepts(_ path: String) throws(PatternLimitReached) -> Bool {
        guard let pattern else { throw PatternLimitReached() }
        return try pattern.matches(path)
    }
}
