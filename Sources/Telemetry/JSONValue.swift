/// A JSON text under construction (RFC 8259). Objects keep the order of their members.
package indirect enum JSONValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    case object([(String, JSONValue)])
    case array([JSONValue])
    case string(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case null
    /// A text that is JSON already.
    case written(String)

    /// A string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    package init(integerLiteral value: Int) { self = .integer(value) }
    /// `true` or `false`.
    package init(booleanLiteral value: Bool) { self = .flag(value) }

    /// A string, or null where there is none.
    package static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// The text, indented for a person's eyes, with a line end.
    package var text: String {
        var text = ""
        append(to: &text, indent: "")
        return text + "\n"
    }

    /// The text on one line, without an end.
    package var line: String {
        var text = ""
        append(to: &text, indent: nil)
        return text
    }

    /// - Parameter indent: nil = on one line.
    private func append(to text: inout String, indent: String?) {
        switch self {
        case .string(let string): JSONText.append(string, to: &text)
        case .integer(let integer): text += "\(integer)"
        case .number(let number): text += number.isFinite ? "\(number)" : "null"
        case .flag(let flag): text += flag ? "true" : "false"
        case .null: text += "null"
        case .written(let written): text += written
        case .array(let items):
            JSONValue.append(items.map { ("", $0) }, "[", "]", to: &text, indent)
        case .object(let members):
            JSONValue.append(members, "{", "}", to: &text, indent)
        }
    }

    private static func append(
        _ items: [(String, JSONValue)], _ opening: String, _ closing: String, to text: inout String,
        _ indent: String?
    ) {
        guard !items.isEmpty else { return text += opening + closing }
        text += opening
        let lineEnd = indent.map { "\n" + $0 }
        for (index, (name, value)) in items.enumerated() {
            if index > 0 { text += lineEnd == nil ? ", " : "," }
            if let lineEnd { text += lineEnd + "  " }
            if opening == "{" {
                JSONText.append(name, to: &text)
                text += ": "
            }
            value.append(to: &text, indent: indent.map { $0 + "  " })
        }
        text += (lineEnd ?? "") + closing
    }
}
