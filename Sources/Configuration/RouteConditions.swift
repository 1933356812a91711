internal import HTTPProtocol
internal import Patterns
internal import Yams

/// Reads what `match` asks for beyond host, path and upgrade.
struct RouteConditions {
    private var pattern: String?
    private var fields: [RouteConfiguration.Field] = []
    private var subprotocols: [String] = []
    private var listener: String?

    /// - Parameter listeners: the names that listeners have.
    init(_ match: Section, listeners: [String]) {
        if let name = match.text("listener") {
            listener = name.value
            if !listeners.contains(name.value) {
                let near = Spelling.nearest(to: name.value, in: listeners).map { ", did you mean '\($0)'?" }
                match.complaints.add(
                    name.place, "no listener has the name '\(name.value)'\(near ?? "")")
            }
        }
        if let text = match.text("path_regex") {
            Self.check(text, node: match.node("path_regex"), match.complaints)
            pattern = text.value
        }
        let headers = match.section("headers", title: "'headers' of a route")
        for (name, place, node) in headers.entries {
            guard let value = headers.text(node, name) else { continue }
            if !isToken(name) {
                match.complaints.add(place, "'\(name)' is no name of a header field")
            }
            fields.append(.init(name: name.lowercased(), value: value.value))
        }
        for node in match.list("subprotocols") {
            guard let name = match.text(node, "subprotocols") else { continue }
            if !isToken(name.value) {
                match.complaints.add(name.place, "'\(name.value)' is no name of a subprotocol")
            }
            subprotocols.append(name.value)
        }
    }

    /// Says what PCRE2 says, at the place where it says it.
    private static func check(_ text: Located<String>, node: Node?, _ complaints: Complaints) {
        do throws(PatternError) { _ = try Pattern(text.value) } catch {
            let width = node?.scalar.map { columns(before: error.offset, in: $0, text.value) } ?? 0
            complaints.add(
                Place(line: text.place.line, column: text.place.column + width),
                "'\(text.value)' is no regular expression: \(error.message)")
        }
    }

    /// How far a byte of a scalar is from where the scalar begins. None where that can't be said: in blocks, and where the
    /// environment has put something in.
    private static func columns(before offset: Int, in scalar: Node.Scalar, _ text: String) -> Int {
        guard scalar.string == text, !text.contains("\n") else { return 0 }
        let before = String(decoding: text.utf8.prefix(offset), as: UTF8.self).unicodeScalars
        switch scalar.style {
        case .plain, .any: return before.count
        case .singleQuoted: return 1 + before.count + before.count { $0 == "'" }
        case .doubleQuoted: return 1 + before.count + before.count { $0 == "\\" || $0 == "\"" }
        case .literal, .folded: return 0
        }
    }

    func apply(to route: inout RouteConfiguration) {
        route.pathPattern = pattern
        route.fields = fields
        route.subprotocols = subprotocols
        route.listener = listener
    }
}
