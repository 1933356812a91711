/// A JSON value, written down as a literal: what a JSON Schema is made of. Members keep their order.
indirect enum JSON: Equatable, Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case array([JSON])
    case object([Member])

    /// One name of an object, and its value.
    struct Member: Equatable, Sendable {
        let name: String
        let value: JSON
    }

    /// The same object with further members behind.
    func with(_ name: String, _ value: JSON?) -> JSON {
        guard case .object(let members) = self, let value else { return self }
        return .object(members + [Member(name: name, value: value)])
    }

    /// As a file has it, indented by two; what fits stands in one line.
    func text(indent: Int = 0) -> String {
        let line = self.line
        guard line.utf8.count + indent > 100 else { return line }
        let inner = String(repeating: " ", count: indent + 2)
        let end = "\n" + String(repeating: " ", count: indent)
        switch self {
        case .text, .number, .flag: return line
        case .array(let items):
            return "[\n" + items.map { inner + $0.text(indent: indent + 2) }.joined(separator: ",\n") + end
                + "]"
        case .object(let members):
            let lines = members.map {
                "\(inner)\(Self.quoted($0.name)): \($0.value.text(indent: indent + 2))"
            }
            return "{\n" + lines.joined(separator: ",\n") + end + "}"
        }
    }

    private var line: String {
        switch self {
        case .text(let text): Self.quoted(text)
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .array(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
        case .object(let members) where members.isEmpty: "{}"
        case .object(let members):
            "{ " + members.map { "\(Self.quoted($0.name)): \($0.value.line)" }.joined(separator: ", ") + " }"
        }
    }

    private static let hex = Array("0123456789abcdef")

    /// In double quotes, as JSON and YAML read it alike.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 32 || scalar.value == 127:
                quoted += "\\u00\(hex[Int(scalar.value >> 4)])\(hex[Int(scalar.value & 15)])"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .number(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}
