import Foundation
import Testing

/// Nothing decides by what a text says: errors, faults and events are told apart by their cases, and text is for people.
@Suite("Decisions and text")
struct TextDecisionTests {
    /// What words an error; comparing it, or looking into it, is a decision by text.
    private static let wordings = ["description", "reason", "logText", "clientText", "label", "cause.text"]
    private static let looks = [
        ".contains(", ".hasPrefix(", ".hasSuffix(", ".split", " == \"", " != \"", "] == \"",
    ]

    /// Where a line decides by a text; nil where it doesn't.
    static func decision(_ line: Substring) -> String? {
        let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
        // An interpolation that is looked into at once.
        for look in looks where code.contains(")\"" + look) { return ")\"" + look }
        for word in wordings {
            for look in looks where code.contains("." + word + look) { return "." + word + look }
            if code.contains("switch "), code.contains("." + word + " {") { return "switch ." + word }
        }
        return nil
    }

    /// Texts that are data, with the reason.
    private static let excused: [String: String] = [
        "TLS/Certificate": "the label of a PEM block is what the file's grammar has",
        "HTTPProtocol/ForwardedResponse": "the reason phrase that a backend sent",
    ]

    @Test("no file decides by text")
    func everything() throws {
        for file in try House.sources() where Self.excused["\(file.module)/\(file.name)"] == nil {
            for line in file.lines {
                guard let found = Self.decision(line) else { continue }
                Issue.record("\(file.path): \(found) in \(line)")
            }
        }
    }

    @Test("metrics are counted by cases, not by the status that a client got")
    func metrics() throws {
        for file in try House.sources() where file.path.hasPrefix("Proxy/Metrics/") {
            for line in file.lines where line.contains("status ==") || line.contains("switch status") {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    @Test("decisions are found, and what only tells is not")
    func violations() {
        let bad: [Substring] = [
            "if \"\\(error)\".contains(\"key\") {", "error.description.hasPrefix(\"tls\")",
            "switch fault.logText {", "guard refusal.reason == \"x\" else {", "a.label.split { $0 == 1 }",
        ]
        for line in bad { #expect(Self.decision(line) != nil, "\(line)") }
        let good: [Substring] = [
            "complain(error.description)", "// error.description.contains(\"x\")",
            "a.description == b.description",
            "switch error {", "names.contains(name)", "text + \"\\(error)\"",
        ]
        for line in good { #expect(Self.decision(line) == nil, "\(line)") }
    }
}
