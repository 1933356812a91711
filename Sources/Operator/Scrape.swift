internal import ASCII

/// A page of metrics as it was read at one moment.
struct Scrape: Equatable {
    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    private(set) var samples: [Sample] = []
    /// Nanoseconds on the clock of whoever read it.
    let time: UInt64

    /// Lines that can't be read are left out: a newer proxy may say more than we know.
    init(_ text: String, at time: UInt64) {
        self.time = time
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if let sample = Self.sample(line.utf8[...]) { samples.append(sample) }
        }
    }

    /// The sum of all samples of this name with these labels.
    func sum(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) -> Double {
        samples.reduce(0) { total, sample in
            guard sample.name == name, labels.allSatisfy({ sample.labels[$0.key] == $0.value }) else {
                return total
            }
            return total + sample.value
        }
    }

    /// All values that a label has, in order.
    func values(of label: String, in name: String) -> [String] {
        Set(samples.filter { $0.name == name }.compactMap { $0.labels[label] }).sorted()
    }

    /// All samples of a name.
    func samples(of name: String) -> [Sample] { samples.filter { $0.name == name } }

    // MARK: Reading

    private static func sample(_ line: Substring.UTF8View) -> Sample? {
        var rest = line
        guard let name = word(&rest, until: [.openBrace, .space]) else { return nil }
        var labels: [String: String] = [:]
        if rest.first == .openBrace {
            rest = rest.dropFirst()
            while rest.first != .closeBrace {
                guard let label = word(&rest, until: [.equals]), rest.popFirst() == .equals,
                    rest.popFirst() == .quote,
                    let value = quoted(&rest)
                else { return nil }
                labels[label] = value
                if rest.first == .comma { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.popFirst() == .space, let number = Double(Substring(rest)) else { return nil }
        return Sample(name: name, labels: labels, value: number)
    }

    private static func word(_ rest: inout Substring.UTF8View, until ends: [UInt8]) -> String? {
        guard let end = rest.firstIndex(where: { ends.contains($0) }), end > rest.startIndex else {
            return nil
        }
        defer { rest = rest[end...] }
        return String(Substring(rest[..<end]))
    }

    /// A label's value behind its opening quote, with the closing one.
    private static func quoted(_ rest: inout Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case .quote: return String(validating: bytes, as: UTF8.self)
            case .backslash:
                guard let next = rest.popFirst() else { return nil }
                bytes.append(next == UInt8(ascii: "n") ? .lineFeed : next)
            default: bytes.append(byte)
            }
        }
        return nil
    }
}
