internal import HTTPProtocol
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

    func apply(to route: inout RouteConfiguration) {
        route.pathPattern = pattern
        route.fields = fields
        route.subprotocols = subprotocols
    }
}
