internal import YAML

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
        do throws(YAMLError) {
            root = try Composer.compose(text)
        } catch {
            let place = Place(line: error.mark.line, column: error.mark.column)
            let hint = Habits.brokenYAML(text, line: place.line) ?? ""
            throw Diagnostics([Diagnostic(file: file, place: place, text: error.text + hint)])
        }
        let top = Section(root, title: Section.top, place: Place(line: 1, column: 1), complaints)
        let configuration = ProxyConfiguration.table.read(top, over: ProxyConfiguration())
        return LoadedConfiguration(
            configuration: configuration ?? ProxyConfiguration(),
            diagnostics: Diagnostics(complaints.list).list)
    }
}
