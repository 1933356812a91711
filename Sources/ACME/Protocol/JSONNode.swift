internal import ASCII
internal import Access

/// JSON (RFC 8259) as ACME has it: read strictly, and written in the order given, which signatures need.
package indirect enum JSONNode: Equatable, Sendable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONNode])
    case object([Member])

    /// A name and what stands under it.
    package struct Member: Equatable, Sendable {
        /// Unescaped.
        package let name: String
        /// What stands under it.
        package let value: JSONNode
    }

    /// Reads a whole text; members come in the order of their names. Its size is for the caller to bound; its depth is bounded.
    package init(parsing bytes: [UInt8]) throws(ACMEError) {
        do throws(JSONError) { self.init(try JSONValue(bytes)) } catch {
            switch error {
            case .malformed: throw .malformed("no JSON")
            case .duplicateName: throw .malformed("JSON with a name that stands twice")
            case .tooDeep: throw .malformed("JSON that is nested too deeply")
            }
        }
    }

    /// As deep as the reader lets values be.
    private init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .flag(flag)
        case .number(let text): self = Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .null
        case .string(let text): self = .text(text)
        case .array(let items): self = .list(items.map(Self.init))
        case .object(let members):
            self = .object(
                members.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: Self($0.value)) })
        }
    }

    /// An object in the order given.
    package static func object(_ members: KeyValuePairs<String, JSONNode>) -> JSONNode {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// What an object has under a name; nil for everything else.
    package subscript(name: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, where it is one.
    package var string: String? { if case .text(let text) = self { text } else { nil } }
    /// The number, where it is one.
    package var number: Double? { if case .number(let number) = self { number } else { nil } }

    /// The elements; none where it is no list.
    package var elements: [JSONNode] { if case .list(let list) = self { list } else { [] } }
    /// Whether it is `true`.
    package var isTrue: Bool { self == .flag(true) }

    /// The bytes on the wire, without white space.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return bytes
    }

    private func write(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let number):
            let isWhole = number == number.rounded() && abs(number) < 1e15
            bytes += (isWhole ? "\(Int(number))" : "\(number)").utf8
        case .text(let text): Self.write(text, into: &bytes)
        case .list(let list):
            bytes.append(.openBracket)
            for (index, element) in list.enumerated() {
                if index > 0 { bytes.append(.comma) }
                element.write(into: &bytes)
            }
            bytes.append(.closeBracket)
        case .object(let members):
            bytes.append(.openBrace)
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(.comma) }
                Self.write(member.name, into: &bytes)
                bytes.append(.colon)
                member.value.write(into: &bytes)
            }
            bytes.append(.closeBrace)
        }
    }

    private static func write(_ text: String, into bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(.quote)
        for byte in text.utf8 {
            switch byte {
            case .quote, .backslash: bytes += [.backslash, byte]
            case 0..<UInt8.space:
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(.quote)
    }
}
