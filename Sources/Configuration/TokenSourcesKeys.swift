internal import Access
internal import HTTPProtocol
internal import YAML

// `upgrade_token` of a route: where browsers put tokens, since they can't set fields for a WebSocket.
extension TokenSources {
    static let table = Table(
        "Takes tokens from where browsers put them, and passes them on in a field. No log, metric or page shows them.",
        start: Self([]), rules: rules
    ) {
        from
        Key.value(
            "to", \.field, .fieldName,
            "The field. `Authorization` gets the token behind `Bearer`, any other field the token alone.")
    }

    private static let rules: [Rule<Self>] = [
        Rule { sources, section in
            guard sources.sources.isEmpty, section.node("from")?.sequence?.isEmpty != false else { return }
            section.complain(
                section.place,
                "'from' of \(section.title) is empty, expected one or more of: subprotocol: \"bearer.\","
                    + " query: access_token, cookie: session")
        }
    ]

    private static let from = Key<Self>(
        entry: Entry(
            name: "from",
            about:
                "Where to look for a token; the first place that has one decides: `subprotocol: PREFIX`, `query: NAME`, `cookie: NAME`.",
            kind: .list(
                Form(
                    words: "`subprotocol`, `query` or `cookie`",
                    schema: [
                        "type": "object", "minProperties": 1, "maxProperties": 1,
                        "additionalProperties": ["type": "string", "minLength": 1],
                    ]),
                least: 1), isRequired: true, example: "{ subprotocol: bearer. }"),
        read: { sources, section in
            for node in section.list("from") {
                guard let pair = node.mapping?.first, node.mapping?.count == 1, let kind = pair.key.scalar
                else {
                    section.complain(
                        node.place,
                        "an item of 'from' must be one of subprotocol: PREFIX, query: NAME, cookie: NAME")
                    continue
                }
                guard let value = Scalar<String>.text.filled.read(pair.value, kind.string, in: section)
                else { continue }
                if let source = source(kind.string, value) {
                    sources.sources.append(source)
                } else {
                    section.complain(
                        pair.key.place,
                        "'\(kind.string)' is no place for a token, expected subprotocol, query or cookie")
                }
            }
            return true
        },
        show: { sources in
            .list(
                sources.sources.map { source in
                    let (name, value) = source.spelling
                    return .map([.init(name: name, value: .scalar(.init(text: value, isText: true)))])
                })
        })

    private static func source(_ kind: String, _ value: String) -> Source? {
        switch kind {
        case "subprotocol": .subprotocol(prefix: value)
        case "query": .query(value)
        case "cookie": .cookie(value)
        default: nil
        }
    }
}

extension TokenSources.Source {
    fileprivate var spelling: (name: String, value: String) {
        switch self {
        case .subprotocol(let prefix): ("subprotocol", prefix)
        case .query(let name): ("query", name)
        case .cookie(let name): ("cookie", name)
        }
    }
}
