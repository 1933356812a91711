internal import ASCII
internal import Durations

/// Durations, sizes and flags as the configuration spells them.
package enum Quantity {
    private static let durations: [(String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    /// Some 36 years: no sum of a few is too long for the clock of a loop.
    private static let longest = (1 << 60) / 1_000_000
    private static let sizes: [(String, Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1),
    ]

    /// A whole number in digits alone: no sign, no space.
    static func number(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy(\.isDigit) ? Int(text) : nil
    }

    /// `0` and `off` are no time at all.
    package static func duration(_ text: String) -> Duration? {
        if text == "0" || flag(text) == false { return .zero }
        for (unit, factor) in durations where text.hasSuffix(unit) {
            guard let number = number(text.dropLast(unit.count)) else { continue }
            let product = number.multipliedReportingOverflow(by: factor)
            return product.overflow || product.partialValue > longest
                ? nil : .milliseconds(product.partialValue)
        }
        return nil
    }

    /// Bytes.
    static func size(_ text: String) -> Int? {
        if let number = number(text) { return number }
        for (unit, factor) in sizes where text.hasSuffix(unit) {
            guard let number = number(text.dropLast(unit.count)) else { continue }
            let product = number.multipliedReportingOverflow(by: factor)
            return product.overflow || product.partialValue > 1 << 50 ? nil : product.partialValue
        }
        return nil
    }

    /// A duration as the configuration spells it.
    package static func text(_ duration: Duration) -> String {
        if duration == .zero { return "0" }
        let time = Int(clamping: duration.nanoseconds / 1_000_000)
        for (unit, factor) in durations.reversed() where time.isMultiple(of: factor) {
            return "\(time / factor)\(unit)"
        }
        return "\(time)ms"
    }

    /// A size as the configuration spells it.
    static func text(size: Int) -> String {
        if size == 0 { return "0" }
        for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where size.isMultiple(of: factor) {
            return "\(size / factor)\(unit)"
        }
        return "\(size)B"
    }

    /// `20%`, as 20.
    static func percent(_ text: String) -> Int? {
        guard text.hasSuffix("%"), let number = number(text.dropLast()) else { return nil }
        return (0...100).contains(number) ? number : nil
    }

    /// YAML 1.1 reads an unquoted `off` as false: both words mean both.
    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }
}

/// `${NAME}` and `${NAME:-default}`; as in a shell, the default also stands for a variable that is empty.
enum Variables {
    struct Problem: Error { let text: String }

    static func expand(_ text: String, _ environment: [String: String]) -> Result<String, Problem> {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            let body = rest[start.upperBound...]
            guard let end = body.firstIndex(of: "}") else {
                return .failure(Problem(text: "'${' without '}' in '\(text)'"))
            }
            let expression = body[..<end]
            let parts = expression.firstRange(of: ":-").map {
                (expression[..<$0.lowerBound], expression[$0.upperBound...])
            }
            let name = String(parts?.0 ?? expression)
            let fallback = parts.map { String($0.1) }
            let set = environment[name].flatMap { $0.isEmpty && fallback != nil ? nil : $0 }
            guard let value = set ?? fallback else {
                return .failure(
                    Problem(
                        text:
                            "environment variable '\(name)' is not set; give it, or a default: ${\(name):-value}"
                    ))
            }
            result += value
            rest = body[body.index(after: end)...]
        }
        return .success(result + rest)
    }
}

extension Substring {
    /// The first place of a pattern; this module does without Foundation.
    fileprivate func firstRange(of pattern: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(pattern) { return start..<index(start, offsetBy: pattern.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// Finds what a misspelt key was meant to be.
enum Spelling {
    static func nearest(to word: String, in known: [String]) -> String? {
        let ranked = known.map { ($0, distance(Array(word.utf8), Array($0.utf8))) }.min { $0.1 < $1.1 }
        guard let (best, edits) = ranked, edits <= max(1, min(3, word.utf8.count / 3)) else { return nil }
        return best
    }

    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let substituted = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
