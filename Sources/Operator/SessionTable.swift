internal import Access

/// A list of sessions as an admin listener gives it, in columns that one can read. Pure.
struct SessionTable {
    private static let columns: [(title: String, member: String, isNumber: Bool)] = [
        ("ID", "id", false), ("ROUTE", "route", false), ("BACKEND", "backend", false),
        ("CLIENT", "client", false), ("SUBJECT", "subject", false), ("STATE", "state", false),
        ("AGE", "age_seconds", true), ("MESSAGES IN", "messages_from_client", true),
        ("BYTES IN", "bytes_from_client", true), ("BYTES OUT", "bytes_to_client", true),
    ]
    /// No column is wider.
    private static let widest = 40

    let lines: [String]

    /// nil where the text is no such list.
    init?(_ text: String) {
        guard let all = try? JSONValue(text.utf8), case .array(let sessions)? = all["sessions"] else {
            return nil
        }
        let rows = sessions.map { session in
            Self.columns.map { Self.cell(session[$0.member], of: $0.member) }
        }
        let widths = Self.columns.indices.map { column in
            rows.reduce(Self.columns[column].title.count) { max($0, $1[column].count) }
        }
        let titles = Self.line(Self.columns.map(\.title), widths)
        var lines = [titles] + rows.map { Self.line($0, widths) }
        let more = all["more"]?.scalar == "true" ? ", and more: --limit shows more" : ""
        lines.append("\(sessions.count) session\(sessions.count == 1 ? "" : "s")\(more)")
        if case .array(let silent)? = all["silent"], !silent.isEmpty {
            let processes = silent.compactMap(\.scalar).joined(separator: ", ")
            lines.append("without those of processes that linger and don't answer: \(processes)")
        }
        self.lines = lines
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).enumerated().map { column, cell in
            let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return columns[column].isNumber ? space + cell.0 : cell.0 + space
        }
        var text = padded.joined(separator: "  ")
        while text.last == " " { text.removeLast() }
        return text
    }

    private static func cell(_ value: JSONValue?, of member: String) -> String {
        guard let text = value?.scalar, !text.isEmpty else { return "-" }
        guard member == "age_seconds" else {
            let shown = String(
                text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
            return shown.count > widest ? String(shown.prefix(widest - 1)) + "…" : shown
        }
        return Double(text).map { age($0) } ?? text
    }

    /// The two largest units.
    private static func age(_ seconds: Double) -> String {
        let whole = Int(seconds.isFinite ? min(max(seconds, 0), 1e9) : 0)
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m\(whole % 60)s"
        case ..<86_400: return "\(whole / 3600)h\(whole % 3600 / 60)m"
        default: return "\(whole / 86_400)d\(whole % 86_400 / 3600)h"
        }
    }
}
