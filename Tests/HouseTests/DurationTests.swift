import Foundation
import Testing

/// Durations are `Duration`: no option is a number whose unit one has to look up.
///
/// Instants of a loop's clock, and what machines count with them, are nanoseconds; the words of the design article say so.
@Suite("Durations")
struct DurationTests {
    /// Numbers that an operator chooses, or that a caller gives as an option.
    private static let options = ["Configuration", "Options", "Rules", "Times", "AuthorityPolicy"]
    private static let units = ["seconds", "milliseconds", "microseconds", "nanoseconds"]

    /// What a line declares, e.g. `idle` and `UInt64`; nil where it declares no property with its type or value.
    static func declared(_ line: Substring) -> (name: String, rest: Substring)? {
        let words = line.split(separator: " ")
        guard let keyword = words.firstIndex(where: { $0 == "var" || $0 == "let" }),
            keyword + 1 < words.count,
            words[..<keyword].allSatisfy({ !$0.hasPrefix("//") })
        else { return nil }
        let name = words[keyword + 1].prefix { $0.isLetter || $0.isNumber }
        guard let place = line.range(of: String(name))?.upperBound else { return nil }
        return (String(name), line[place...])
    }

    /// Whether a declaration is of a number of some unit of time.
    static func isCounted(_ line: Substring) -> Bool {
        guard let (name, rest) = declared(line) else { return false }
        if rest.hasPrefix(": UInt64") || rest.contains("_000_000_000") { return true }
        let isNumber = [": Int", ": Double", " = 0", " = 1"].contains { rest.hasPrefix($0) }
        return isNumber && units.contains { name.lowercased().hasSuffix($0) }
    }

    @Test("no key, and no option, is a number of seconds or nanoseconds")
    func options() throws {
        for file in try House.sources() {
            let isOptions =
                file.module == "Configuration" || Self.options.contains { file.name.hasSuffix($0) }
            for (number, line) in file.lines.enumerated() where isOptions && Self.isCounted(line) {
                Issue.record("\(file.path):\(number + 1):\(line)")
            }
        }
    }

    @Test("what is passed under a unit's name is no number")
    func labels() throws {
        for file in try House.sources() {
            for (number, line) in file.lines.enumerated() where !line.contains("//") && line.contains("func ")
            {
                for unit in Self.units where line.lowercased().contains("\(unit): int") {
                    Issue.record("\(file.path):\(number + 1):\(line)")
                }
            }
        }
    }

    @Test(
        "declarations are read as they stand",
        arguments: [
            ("    package var idle: UInt64 = 0", true), ("    let timeout = 5_000_000_000", true),
            ("    var pauseSeconds: Int", true), ("    package var idle = Duration.zero", false),
            ("    package var queue = 64", false), ("    /// var idle: UInt64", false),
            ("    func wait(_ time: UInt64) {", false),
        ])
    func reading(line: String, isCounted: Bool) { #expect(Self.isCounted(line[...]) == isCounted) }
}
