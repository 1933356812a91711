internal import Yams

/// A configuration as far as it could be read, and all that is to be said about it.
package struct LoadedConfiguration: Equatable, Sendable {
    /// What was read; where a complaint stands, the default of the key in its stead.
    package let configuration: ProxyConfiguration
    /// Complaints and warnings; with a complaint among them the configuration must not be used.
    package let diagnostics: [Diagnostic]
}

/// Reads the text of a proxy.conf. Opens no file and looks nothing up: what the text alone can tell is checked here.
package enum ConfigurationLoader {
    /// - Parameters:
    ///   - file: the name that complaints begin with.
    ///   - environment: for `${NAME}`.
    /// - Throws: a text that is no YAML. All other complaints are returned, so that the shell can add its own about the
    ///   files that the text names.
    package static func load(
        _ text: String, file: String, environment: [String: String]
    ) throws(Diagnostics) -> LoadedConfiguration {
        let complaints = Complaints(file: file, environment: environment)
        let root: Node?
        // YAML allows a byte order mark before the first line (5.2); the parser takes it for content.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if let place = AliasKeys.first(in: text) {
            throw Diagnostics([Diagnostic(file: file, place: place, text: "a key must be a single word")])
        }
        do {
            // The depth has a limit there.
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Diagnostics([SyntaxComplaint.diagnostic(error, file: file)])
        } catch {
            throw Diagnostics([Diagnostic(file: file, place: Place(line: 1, column: 1), text: "\(error)")])
        }
        let top = Section(root, title: Section.top, place: Place(line: 1, column: 1), complaints)
        let configuration = ProxyConfiguration.table.read(top, over: ProxyConfiguration())
        return LoadedConfiguration(
            configuration: configuration ?? ProxyConfiguration(),
            diagnostics: Diagnostics(complaints.list).list)
    }
}

/// Turns the parser's errors into complaints with a place.
enum SyntaxComplaint {
    static func diagnostic(_ error: YamlError, file: String) -> Diagnostic {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            Diagnostic(
                file: file, place: Place(line: max(mark.line, 1), column: max(mark.column, 1)),
                text: "not valid YAML: \(problem)")
        case .reader(let problem, let offset, _, let yaml):
            Diagnostic(
                file: file, place: place(in: yaml, offset: offset ?? 0), text: "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            Diagnostic(
                file: file,
                place: Place(line: max(context.mark.line, 1), column: max(context.mark.column, 1)),
                text: "key written twice: \(keys.map { "'\($0)'" }.joined(separator: ", "))")
        default:
            Diagnostic(file: file, place: Place(line: 1, column: 1), text: "not valid YAML: \(error)")
        }
    }

    /// Where a byte of the text stands.
    private static func place(in text: String, offset: Int) -> Place {
        let before = text.utf8.prefix(offset)
        let line = before.split(separator: 10, omittingEmptySubsequences: false)
        return Place(line: line.count, column: (line.last?.count ?? 0) + 1)
    }
}
