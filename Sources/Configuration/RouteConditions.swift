internal import HTTPProtocol
internal import Patterns
package import Routing
internal import YAML

/// `match` of a route: which requests it is for.
package struct RouteConditions: Equatable, Sendable {
    /// In lower case or not; `*.` before it for all names below. nil = any.
    package var host: String?
    /// All below it where it ends in `/`, else itself alone. nil = any.
    package var path: String?
    /// A regular expression for the whole path.
    package var pathPattern: String?
    /// Header fields that must be there with these values.
    package var fields: [FieldMatch] = []
    /// Subprotocols one of which must be offered.
    package var subprotocols: [String] = []
    /// The name of the listener that requests must come through. nil = any.
    package var listener: String?
    /// Upgrades, plain requests or both.
    package var upgrade = RouteMatch.Upgrade.any

    /// All requests.
    package init() {}

    static let table = Table("Which requests the route is for: all conditions must hold.", start: Self()) {
        Key.optional(
            "host", \.host, .text("host", pattern: RouteSyntax.hostPattern, RouteSyntax.complaint(host:)),
            "A name, or `*.example.com` for all names below.", example: "chat.example.com", unset: "any"
        )
        Key.optional(
            "path", \.path,
            .text("path", pattern: RouteSyntax.pathPattern) { RouteSyntax.complaint(path: $0, "path") },
            "With `/` at the end: everything below it; else this path alone.", example: "/chat/", unset: "any"
        )
        Key.optional(
            "path_regex", \.pathPattern, .pattern, "A regular expression (PCRE2) for the whole path.",
            example: "/rooms/[0-9]+", unset: "any")
        headers
        Key.list(
            "subprotocols", \.subprotocols,
            .text("name of a subprotocol", pattern: tokenPattern) {
                isToken($0) ? nil : "'\($0)' is no name of a subprotocol"
            }, "Subprotocols of which the client must offer one.", example: "chat.v2"
        )
        Key.value(
            "upgrade", \.upgrade, .choice(("websocket", .webSocket), ("none", .none), ("any", .any)),
            "WebSockets, plain requests or both."
        )
        Key.optional(
            "listener", \.listener, .text, "The name of the listener that requests come through.",
            example: "public", unset: "any")
    }

    private static let tokenPattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"

    /// A mapping of names of fields to their values.
    private static let headers: Key<Self> = {
        let name = "headers"
        let value = Scalar<String>.text.secret
        return Key(
            entry: Entry(
                name: name,
                about: "Header fields that must all be there with these values; `*` is any value.",
                kind: .words(value.form), example: "{ x-tenant: blue }"),
            read: { match, section in
                let fields = section.section(name, title: "'headers' of a route")
                for (name, place, node) in fields.entries {
                    guard let value = value.read(node, name, in: fields) else { continue }
                    if !isToken(name) { section.complain(place, "'\(name)' is no name of a header field") }
                    match.fields.append(FieldMatch(name: name, value: value))
                }
                return true
            },
            show: { match in
                let pairs = match.fields.map { field in
                    let text = field.value.map { String(decoding: $0, as: UTF8.self) }
                    return Shown.Pair(
                        name: field.name,
                        value: .scalar(.init(text: text ?? "*", isText: true, isSecret: text != nil)))
                }
                return pairs.isEmpty ? nil : .map(pairs)
            })
    }()

    /// What is to be said of it beside the listeners.
    func check(_ route: Section, listeners: [String]) {
        guard let listener, !listeners.contains(listener) else { return }
        let near = Spelling.nearest(to: listener, in: listeners).map { ", did you mean '\($0)'?" }
        let place = route.node("match")?.mapping?["listener"]?.place ?? route.place
        route.complain(place, "no listener has the name '\(listener)'\(near ?? "")")
    }
}

extension Scalar where Value == String {
    /// A regular expression. What PCRE2 says is said at the place where it says it.
    fileprivate static var pattern: Self {
        var scalar = text
        scalar.form = Form(words: "regular expression", schema: scalar.form.schema, isText: true)
        scalar.parse = { text, _ in (try? Pattern(text)) == nil ? nil : text }
        scalar.complaint = { text, node in
            do throws(PatternError) {
                _ = try Pattern(text)
                return nil
            } catch {
                return Complaint(
                    text: "'\(text)' is no regular expression: \(error.message)",
                    columns: node.scalar.map { columns(before: error.offset, in: $0, text) } ?? 0)
            }
        }
        return scalar
    }

    /// How far a byte of a scalar is from where the scalar begins. None where that can't be said: in blocks, and where the
    /// environment has put something in.
    private static func columns(before offset: Int, in scalar: Node.Scalar, _ text: String) -> Int {
        guard scalar.string == text, !text.contains("\n") else { return 0 }
        let before = String(decoding: text.utf8.prefix(offset), as: UTF8.self).unicodeScalars
        switch scalar.style {
        case .plain: return before.count
        case .singleQuoted: return 1 + before.count + before.count { $0 == "'" }
        case .doubleQuoted: return 1 + before.count + before.count { $0 == "\\" || $0 == "\"" }
        case .literal, .folded: return 0
        }
    }
}
