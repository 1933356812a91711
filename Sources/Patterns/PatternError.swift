/// Why a text is no pattern.
package struct PatternError: Error, Equatable, Sendable {
    /// PCRE2's own words.
    package let message: String
    /// The byte of the text at which it was found.
    package let offset: Int
}

/// A match was given up: the pattern needed more steps or memory for this text than it may take.
package struct PatternLimitReached: Error, Equatable, Sendable {
    /// It says nothing more.
    package init() {}
}
