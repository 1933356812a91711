internal import Yams

/// Reads what `match` asks for beyond host, path and upgrade.
struct RouteConditions {
    private var pattern: String?
    private var fields: [RouteConfiguration.Field] = []
    private var subprotocols: [String] = []

    init(_ match: Section) {
        if let text = match.text("path_regex") {
            if (try? Regex(text.value)) == nil {
                match.complaints.add(text.place, "'\(text.value)' is no regular expression")
            }
            pattern = text.value
        }
        let headers = match.section("headers", title: "'headers' of a route")
        for (name, place, node) in headers.entries {
            guard let value = headers.text(node, name) else { continue }
            if name.isEmpty || !name.utf8.allSatisfy(Self.isTokenByte) {
                match.complaints.add(place, "'\(name)' is no name of a header field")
            }
            fields.append(.init(name: name.lowercased(), value: value.value))
        }
        for node in match.list("subprotocols") {
            if let name = match.text(node, "subprotocols") { subprotocols.append(name.value) }
        }
    }

    func apply(to route: inout RouteConfiguration) {
        route.pathPattern = pattern
        route.fields = fields
        route.subprotocols = subprotocols
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
