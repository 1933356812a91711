import Foundation
import Testing

/// The words of the design article: each has one meaning, and what it replaced does not come back.
@Suite("Words")
struct WordsTests {
    /// The cells of the table below a line that begins so, without its head.
    static func rows(_ text: String, below title: String) -> [[String]] {
        guard let start = text.range(of: title)?.upperBound else { return [] }
        return text[start...].split(separator: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
            .dropFirst(2)
            .map { line in
                line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    /// What a cell has in backticks.
    static func spellings(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }

    private static func article() throws -> String {
        try String(
            contentsOf: House.root.appending(path: "Sources/Proxy/Proxy.docc/Design.md"), encoding: .utf8)
    }

    @Test("each word stands once and has a meaning")
    func words() throws {
        let rows = Self.rows(try Self.article(), below: "## The words")
        #expect(rows.count > 20)
        for row in rows { #expect(row.count == 3 && !row[0].isEmpty && !row[1].isEmpty, "\(row)") }
        let words = rows.flatMap { $0[0].components(separatedBy: ", ") }
        #expect(Set(words).count == words.count)
    }

    @Test("no spelling that was given up occurs in the sources")
    func spellings() throws {
        let rows = Self.rows(try Self.article(), below: "Spellings that do not occur")
        let banned = rows.flatMap { Self.spellings($0[0]) }
        #expect(banned.count > 10)
        for file in try House.sources() {
            for (number, line) in file.lines.enumerated() {
                for word in banned where line.range(of: word, options: .caseInsensitive) != nil {
                    Issue.record("\(file.path):\(number + 1) has '\(word)'")
                }
            }
        }
    }

    @Test("tables are read as they stand")
    func reading() {
        let text =
            "## The words\n\nText.\n\n| word | meaning |\n|---|---|\n| a, b | both |\n| `c` x `d` | |\n\nEnd | x"
        #expect(Self.rows(text, below: "## The words") == [["a, b", "both"], ["`c` x `d`", ""]])
        #expect(Self.spellings("`c` x `d`") == ["c", "d"])
        #expect(Self.rows(text, below: "## Other") == [])
    }
}
