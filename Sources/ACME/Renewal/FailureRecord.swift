internal import Access

/// What came of asking for a certificate last, kept for the next process: an authority counts failures whoever asks.
/// Times are seconds since 1970.
package struct FailureRecord: Equatable, Sendable {
    /// In a row.
    package let failures: Int
    /// When the last one was.
    package let at: Double
    /// When it is asked for again.
    package let due: Double
    /// The error in one word, for counts.
    package let word: String
    /// The error in one line.
    package var words: String

    /// A record from its parts.
    package init(failures: Int, at: Double, due: Double, word: String, words: String) {
        self.failures = failures
        self.at = at
        self.due = due
        self.word = word
        self.words = words
    }

    /// As it was kept; nil for what is none, or was meant for another way of asking.
    ///
    /// - Parameter plan: what tells how an authority is asked; after a change of that there is a new chance.
    package init?(parsing bytes: [UInt8], plan: String) {
        guard let node = try? JSONNode(parsing: bytes), node["plan"]?.string == plan,
            let failures = node["failures"]?.number, let at = node["at"]?.number,
            let due = node["due"]?.number,
            failures >= 1, failures < 1e6
        else { return nil }
        self.init(
            failures: Int(failures), at: at, due: due,
            word: Problem.clean(node["word"]?.string ?? "", most: 60),
            words: Problem.clean(node["words"]?.string ?? "", most: 1000))
    }

    /// As it is kept.
    package func encoded(plan: String) -> [UInt8] {
        JSONNode.object([
            "plan": .text(plan), "failures": .number(Double(failures)), "at": .number(at.rounded()),
            "due": .number(due.rounded()), "word": .text(word), "words": .text(words),
        ]).encoded
    }

    /// Whether it still keeps from asking. What comes from the future was written under a clock that was wrong.
    package func counts(at now: Double) -> Bool { at <= now + 60 && due > now }
}
