import Testing

/// What one module gives to another is explained where it stands.
@Suite("Doc comments")
struct DocCommentTests {
    private static let access: Set<Substring> = ["package", "public"]
    private static let modifiers: Set<Substring> = [
        "static", "final", "mutating", "indirect", "nonisolated", "convenience", "override", "borrowing",
        "consuming", "private(set)", "nonisolated(unsafe)", "unowned", "weak",
    ]
    private static let kinds: Set<Substring> = [
        "struct", "enum", "class", "protocol", "actor", "func", "init", "var", "let", "typealias",
        "subscript",
    ]

    /// Whether a line begins a declaration that other modules see.
    static func isShared(_ line: Substring) -> Bool {
        var words = line.split(separator: " ")[...]
        var isShared = false
        while let word = words.first, word.hasPrefix("@") || access.contains(word) || modifiers.contains(word)
        {
            isShared = isShared || access.contains(word)
            words = words.dropFirst()
        }
        return isShared && kinds.contains(words.first?.prefix { $0.isLetter } ?? "")
    }

    /// The declarations that no doc comment stands directly above; attributes may stand between.
    static func undocumented(_ lines: [Substring]) -> [String] {
        lines.indices.compactMap { index in
            guard isShared(lines[index]) else { return nil }
            let above = lines[..<index].last { !trimmed($0).hasPrefix("@") }
            return above.map { trimmed($0).hasPrefix("///") } == true ? nil : String(trimmed(lines[index]))
        }
    }

    private static func trimmed(_ line: Substring) -> Substring { line.drop { $0 == " " } }

    @Test("everything that modules share has one")
    func everything() throws {
        for file in try House.sources() {
            for line in Self.undocumented(file.lines) {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    @Test("what has none is found, what no other module sees is not")
    func violations() {
        let text = """
            package import Logging

            /// Explained.
            package struct A {
                package let bare: Int
                let own = 1
                /// Explained.
                @inlinable
                package static func f() {}

                package init() {}
                // Not a doc comment.
                @safe package private(set) final class B {}
                package mutating func g() {}
            }
            extension A: Package {}
            package enum C { case one }
            """
        #expect(
            Self.undocumented(text.split(separator: "\n", omittingEmptySubsequences: false)) == [
                "package let bare: Int", "package init() {}", "@safe package private(set) final class B {}",
                "package mutating func g() {}", "package enum C { case one }",
            ])
    }
}
