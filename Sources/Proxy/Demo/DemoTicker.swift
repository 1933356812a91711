/// Quotes on a random walk.
struct DemoTicker {
    private struct Quote {
        let symbol: String
        var price: Double
        var change = 0.0
        var volume = 0
    }

    private var quotes = [
        ("ALBA", 182.40), ("BORA", 47.15), ("CIRR", 311.90), ("DELT", 12.08), ("ESTE", 96.33),
        ("FJRD", 254.71),
    ].map { Quote(symbol: $0.0, price: $0.1) }

    mutating func step(using random: inout some RandomNumberGenerator) {
        for index in quotes.indices {
            quotes[index].change = quotes[index].price * Double.random(in: -0.004...0.004, using: &random)
            quotes[index].price += quotes[index].change
            quotes[index].volume += Int.random(in: 1...900, using: &random)
        }
    }

    func message(_ type: String, at now: UInt64) -> String {
        let rows = quotes.map { quote in
            DemoJSON.object([
                ("symbol", .text(quote.symbol)), ("price", .number(quote.price)),
                ("change", .number(quote.change)),
                ("volume", .number(Double(quote.volume))), ("at", .number(Double(now / 1_000_000))),
            ])
        }
        return "{\"type\":\"\(type)\",\"quotes\":[\(rows.joined(separator: ","))]}"
    }
}

/// The little JSON that the demo writes.
enum DemoJSON {
    enum Value {
        case text(String)
        case number(Double)
        case list([String])
    }

    static func object(_ members: [(String, Value)]) -> String {
        "{" + members.map { "\"\($0.0)\":\(encode($0.1))" }.joined(separator: ",") + "}"
    }

    private static func encode(_ value: Value) -> String {
        switch value {
        case .text(let text): quote(text)
        case .number(let number): "\((number * 100).rounded() / 100)"
        case .list(let items): "[" + items.map(quote).joined(separator: ",") + "]"
        }
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
