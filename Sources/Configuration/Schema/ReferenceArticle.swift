/// The article that has every key with its value, default and meaning.
struct ReferenceArticle {
    private var lines: [String]

    init(_ outline: Outline) {
        lines = Self.introduction.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        add(outline, path: "")
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    private static let introduction = """
        # Configuration

        Every key of proxy.conf: what it takes, its default and its meaning.

        ## Overview

        The file is YAML. Unknown keys are errors. All complaints are printed in one go, each with file, line and column, and a
        running proxy keeps what it has. Paths of files are relative to the configuration file.

        - A duration is `500ms`, `5s`, `2m`, `1h` or `30d`; `0` and `off` are off.
        - A size is `512B`, `64KiB`, `16MiB` or `1GiB`; a number alone is bytes.
        - `off`, `no` and `false` mean the same wherever `off` is allowed, and so do `on`, `yes` and `true`.
        - `${NAME}` stands for an environment variable, `${NAME:-default}` for one that may be unset or empty.

        | call | prints |
        |---|---|
        | `trunkline config --reference` | this article |
        | `trunkline config --defaults` | a commented file with every default |
        | `trunkline config --show -c FILE` | what a file means, with all defaults filled in |
        | `trunkline config --schema` | a JSON Schema, with which editors complete and check the file |

        Editors with a YAML language server find the schema by the first line of `proxy.conf.example`. Below, `NAME` stands for a
        name that you choose, and `[]` for each item of a list.
        """

    private mutating func add(_ outline: Outline, path: String) {
        if !outline.entries.isEmpty {
            lines += ["", "| key | takes | default | meaning |", "|---|---|---|---|"]
            lines += outline.entries.map { Self.row($0, path: path) }
        }
        for entry in outline.entries { addSection(entry, path: Self.joined(path, entry.name)) }
    }

    private mutating func addSection(_ entry: Entry, path: String) {
        let (outline, heading): (Outline, String)
        switch entry.kind {
        case .scalar, .list, .words: return
        case .section(_, .inherited): return
        case .section(let part, _), .either(_, let part): (outline, heading) = (part, path)
        case .sections(let part, _): (outline, heading) = (part, path + "[]")
        case .named(let part): (outline, heading) = (part, path + ".NAME")
        }
        lines += ["", "## \(heading)", "", entry.about]
        add(outline, path: heading)
    }

    private static func joined(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }

    private static func row(_ entry: Entry, path: String) -> String {
        let takes: String
        switch entry.kind {
        case .scalar(let form): takes = form.words
        case .list(let form, _): takes = "list: " + form.words
        case .words(let form): takes = "names, and for each: " + form.words
        case .section: takes = "keys"
        case .sections: takes = "list"
        case .named: takes = "names, and for each: keys"
        case .either(let form, _): takes = form.words + ", or keys"
        }
        let cells = ["`\(entry.name)`", takes, initial(entry), entry.about]
        return "| " + cells.map { $0.replacingBars }.joined(separator: " | ") + " |"
    }

    private static func initial(_ entry: Entry) -> String {
        if entry.isRequired { return "required" }
        if let unset = entry.unset { return unset }
        switch entry.kind {
        case .section(_, .inherited): return "`\(entry.name)` at the top"
        case .section: return "the defaults of its keys"
        default: return entry.initial?.line.map { "`\($0)`" } ?? "none"
        }
    }
}

extension String {
    /// A bar would end a cell.
    fileprivate var replacingBars: String {
        split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
