/// A file with every key: defaults as they are, and behind `#` an example for what has none. It can be loaded as it is.
struct DefaultsText {
    private static let column = 42
    private static let width = 118

    private var lines: [String] = []

    init(_ outline: Outline) {
        lines = [
            "# Trunkline's configuration with every default. What stands behind a # with a value is absent, and shows what it could be."
        ]
        for entry in outline.entries {
            switch entry.kind {
            case .scalar, .list, .words, .either: break
            default: lines.append("")
            }
            add(entry, indent: 0, isOff: false)
        }
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    private mutating func add(_ entry: Entry, indent: Int, isOff: Bool, dash: Bool = false) {
        let isOff = isOff || isAbsent(entry)
        switch entry.kind {
        case .scalar, .list, .words, .either:
            line("\(entry.name): \(value(entry))", entry.about, indent, isOff, dash)
        case .section(_, .inherited):
            line(
                "\(entry.name): {}", "\(entry.about) Without a key here it is that at the top.", indent, true,
                dash)
        case .section(let outline, _):
            line("\(entry.name):", entry.about, indent, isOff, dash)
            for entry in outline.entries { add(entry, indent: indent + 2, isOff: isOff) }
        case .sections(let outline, _):
            line("\(entry.name):", entry.about, indent, isOff, dash)
            for (index, entry) in outline.entries.enumerated() {
                add(entry, indent: indent + 4, isOff: isOff, dash: index == 0)
            }
        case .named(let outline):
            line("\(entry.name):", entry.about, indent, isOff, dash)
            line("\(entry.example ?? "name"):", "", indent + 2, isOff, false)
            for entry in outline.entries { add(entry, indent: indent + 4, isOff: isOff) }
        }
    }

    private func isAbsent(_ entry: Entry) -> Bool {
        if entry.isRequired || entry.isUsual { return false }
        switch entry.kind {
        case .section(_, .always), .named: return false
        case .section, .sections(_, least: 0): return true
        // An empty list is as good as none.
        default: return entry.initial == nil || entry.initial == .list([]) && entry.example != nil
        }
    }

    private func value(_ entry: Entry) -> String {
        if !entry.isRequired, !isAbsent(entry), let initial = entry.initial?.line { return initial }
        if entry.isUsual || isAbsent(entry) || entry.isRequired, let example = entry.example {
            return Self.value(example, entry.kind)
        }
        return entry.initial?.line ?? "{}"
    }

    private static func value(_ example: String, _ kind: Entry.Kind) -> String {
        switch kind {
        case .list:
            let items = example.split(separator: ", ").map { Shown.Word(text: String($0), isText: true).yaml }
            return "[\(items.joined(separator: ", "))]"
        case .scalar(let form): return Shown.Word(text: example, isText: form.isText).yaml
        default: return example
        }
    }

    /// A key and its value, with the line that explains it beside and under it.
    private mutating func line(_ text: String, _ about: String, _ indent: Int, _ isOff: Bool, _ dash: Bool) {
        let space = String(repeating: " ", count: dash ? indent - 2 : indent)
        let start = (isOff ? "# " : "") + space + (dash ? "- " : "") + text
        var words = about.filter { $0 != "`" }.split(separator: " ")[...]
        guard !words.isEmpty else { return lines.append(start) }
        var line = start + String(repeating: " ", count: max(Self.column - start.count, 1)) + "#"
        while let word = words.first {
            if line.count + 1 + word.count > Self.width, !line.hasSuffix("#") {
                lines.append(line)
                line = String(repeating: " ", count: Self.column) + "#"
            }
            line += " " + word
            words = words.dropFirst()
        }
        lines.append(line)
    }
}
