internal import ASCII

/// A value as the configuration spells it.
indirect enum Shown: Equatable, Sendable {
    case scalar(Word)
    case list([Shown])
    case map([Pair])

    /// One scalar.
    struct Word: Equatable, Sendable {
        let text: String
        /// It is any text: quoted where YAML would take it for something else.
        var isText = false
        /// It is not for everybody's eyes.
        var isSecret = false
    }

    /// One key and its value.
    struct Pair: Equatable, Sendable {
        let name: String
        let value: Shown
    }

    /// The scalar's text, or that of a list in brackets; nil for what takes lines of its own.
    var line: String? {
        switch self {
        case .scalar(let word): return word.yaml
        case .list(let items):
            let lines = items.map(\.line)
            return lines.contains(nil) ? nil : "[\(lines.compactMap(\.self).joined(separator: ", "))]"
        case .map(let pairs): return pairs.isEmpty ? "{}" : nil
        }
    }

    /// As YAML, in lines of their own.
    func yaml(indent: Int = 0) -> [String] {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .map(let pairs) where !pairs.isEmpty:
            return pairs.flatMap { pair in
                let name = Word(text: pair.name, isText: true).yaml
                if let line = pair.value.line { return ["\(space)\(name): \(line)"] }
                return ["\(space)\(name):"] + pair.value.yaml(indent: indent + 2)
            }
        case .list(let items) where line == nil:
            return items.flatMap { item in
                // The item's first line begins with the dash, the others stand under it.
                let lines = item.yaml(indent: indent + 2)
                return ["\(space)- " + (lines.first?.dropFirst(indent + 2) ?? "")] + lines.dropFirst()
            }
        default: return [space + (line ?? "")]
        }
    }

    /// What differs from another value, a line for each key by its path.
    func differences(from other: Shown, path: String = "") -> [String] {
        guard self != other else { return [] }
        guard case .map(let pairs) = self, case .map(let others) = other else {
            return [path + " " + (line ?? yaml().joined(separator: " "))]
        }
        return pairs.flatMap { pair in
            let path = path.isEmpty ? pair.name : path + "." + pair.name
            let former = others.first { $0.name == pair.name }?.value
            return pair.value.differences(from: former ?? .map([]), path: path)
        }
    }

    /// The value at a path; nil where there is none.
    func value(_ name: String) -> Shown? {
        guard case .map(let pairs) = self else { return nil }
        return pairs.first { $0.name == name }?.value
    }
}

extension Shown.Word {
    /// What stands for a secret.
    static let mask = "***"

    /// As YAML has it, quoted where need be. A text that has `${` in it must not be taken for a variable.
    var yaml: String {
        if isSecret { return JSON.quoted(Self.mask) }
        if text.contains("${") {
            return JSON.quoted(
                text.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "${:-$}{"))
        }
        return isPlain ? text : JSON.quoted(text)
    }

    private var isPlain: Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        let isSafe = text.utf8.allSatisfy { byte in
            switch byte {
            case .zero ... .nine, .upperA ... .upperZ, .lowerA ... .lowerZ: true
            default: "._/-+%:".utf8.contains(byte)
            }
        }
        guard isSafe, !"-:%+".utf8.contains(first), last != UInt8(ascii: ":") else { return false }
        return !isText || !isOtherwiseRead
    }

    /// YAML would read a number, a flag or nothing.
    private var isOtherwiseRead: Bool {
        if Quantity.flag(text) != nil || ["null", "y", "n"].contains(text.lowercased()) { return true }
        let isNumeric = text.utf8.allSatisfy {
            $0.isDigit || "._xoabcdefABCDEF:+-".utf8.contains($0)
        }
        return isNumeric && text.utf8.first.map { $0.isDigit || $0 == UInt8(ascii: ".") } ?? true
    }
}
