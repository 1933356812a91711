package import Access
internal import HTTPProtocol
package import Routing
internal import YAML

/// `paths.ambiguous`: what becomes of a target that backends read in several ways.
package enum AmbiguousPaths: String, Equatable, Sendable {
    /// Refused where the readings lead to different routes or out of a rewritten prefix.
    case judge
    /// Refused always.
    case refuse
    /// Taken literally.
    case pass
}

/// One `routes` entry, with the limits and compression that hold for it.
package struct RouteConfiguration: Equatable, Sendable {
    /// What becomes of a request.
    package enum Action: Equatable, Sendable {
        case upstream(String)
        case respond(Response)
    }

    /// An answer of our own.
    package struct Response: Equatable, Sendable {
        /// 200 to 599.
        package var status = 200
        /// Empty for none.
        package var body = ""
        /// The value of Content-Type.
        package var contentType = "text/plain; charset=utf-8"

        /// 200 with nothing in it, unless told otherwise.
        package init(status: Int = 200, body: String = "", contentType: String = "text/plain; charset=utf-8")
        {
            self.status = status
            self.body = body
            self.contentType = contentType
        }
    }

    /// For logs, metrics and orders to drain. Each route has its own.
    package var name: String
    /// Which requests it is for.
    package var match = RouteConditions()
    /// What the backend sees instead of the path, with prefixes as requests' are compared. nil = the path as it came.
    package fileprivate(set) var rewrite: PathRewrite?
    /// The values of Origin that browsers may come with; clients that send none pass. nil = any.
    package fileprivate(set) var origins: [String]?
    /// `paths.ambiguous`: the default, or the route's own.
    package var ambiguousPaths = AmbiguousPaths.judge
    /// `access`. nil = everybody may come in.
    package var access: AccessConfiguration?
    /// `upgrade_token`: where browsers put tokens. nil = nowhere.
    package fileprivate(set) var tokenSources: TokenSources?
    /// `resume`. nil = sessions end with their client's connection.
    package var resume: ResumeConfiguration?
    /// `headers.request`.
    package var requestFields = FieldRules()
    /// `headers.response`.
    package var responseFields = FieldRules()
    /// Where matching requests go.
    package fileprivate(set) var action = Action.respond(Response())
    /// The default, with the keys that the route gives itself.
    package var compression = CompressionConfiguration()
    /// The default, with the keys that the route gives itself.
    package var limits = LimitsConfiguration()
    /// `max_age`: after how long sessions are closed or moved. 0 = never.
    package fileprivate(set) var maxAge = Duration.zero

    /// A route for all requests.
    package init(name: String, action: Action) {
        self.name = name
        self.action = action
    }

    /// What a route is before it is read: what it inherits.
    init(over defaults: ProxyConfiguration) {
        name = ""
        ambiguousPaths = defaults.ambiguousPaths
        compression = defaults.compression
        limits = defaults.limits
    }
}

// MARK: Two keys for one value

extension RouteConfiguration {
    private var upstream: String? {
        get { if case .upstream(let name) = action { name } else { nil } }
        set { if let newValue { action = .upstream(newValue) } }
    }

    private var respond: Response? {
        get { if case .respond(let response) = action { response } else { nil } }
        set { if let newValue { action = .respond(newValue) } }
    }

    private var stripPrefix: String? {
        get { if case .stripPrefix(let prefix)? = rewrite { prefix } else { nil } }
        set { if let newValue { rewrite = .stripPrefix(newValue) } }
    }

    /// The old prefix and the new one.
    private var replacePrefix: [String]? {
        get { if case .replacePrefix(let old, let new)? = rewrite { [old, new] } else { nil } }
        set {
            guard let newValue, newValue.count == 2 else { return }
            rewrite = .replacePrefix(newValue[0], with: newValue[1])
        }
    }
}

// MARK: Keys

extension RouteConfiguration {
    static let table = Table(
        "What becomes of requests; the first that matches wins.", start: Self(over: ProxyConfiguration()),
        rules: rules
    ) {
        Key.value(
            "name", \.name, .text, "For logs, metrics and orders to drain. Each route has its own.",
            isRequired: true,
            example: "app"
        ).naming("route")
        Key.section("match", \.match, RouteConditions.table, title: "'match'")
        Key.section("rewrite", \.self, rewriting, title: "'rewrite'")
        Key.optionalList(
            "origins", \.origins, .origin,
            "Pages that may connect, by the Origin that browsers send; any other gets 403.",
            example: "https://example.com", unset: "any page may"
        )
        Key.section(
            "compression", \.compression, CompressionConfiguration.tableOfRoutes, title: "'compression'",
            isInherited: true
        )
        Key.section(
            "limits", \.limits, LimitsConfiguration.tableOfRoutes, title: "'limits'", isInherited: true
        )
        Key.value(
            "max_age", \.maxAge, .duration,
            "Older sessions are closed with 1012, or moved if the upstream has continuity on drains, at 10 % more or less."
        )
        Key.optionalSection(
            "access", \.access, AccessConfiguration.table, title: "'access'", unset: "everybody may come in"
        )
        Key.optionalSection(
            "upgrade_token", \.tokenSources, TokenSources.table, title: "'upgrade_token'",
            unset: "tokens stay where they are")
        Key.optionalSection(
            "resume", \.resume, ResumeConfiguration.table, title: "'resume'",
            unset: "sessions end with their client's connection")
        Key.section("headers", \.self, fieldRules, title: "'headers'")
        Key.section("paths", \.ambiguousPaths, paths, title: "'paths'", isInherited: true)
        Key.optional(
            "upstream", \.upstream, .text, "One of `upstreams`, where matching requests go.",
            example: "app",
            unset: "`respond` is needed"
        ).usual
        Key.optionalSection("respond", \.respond, response, unset: "`upstream` is needed")
    }

    /// `paths`, of all routes and of one.
    static let paths = Table(
        "What becomes of paths that backends read in several ways (%2F, \\, //).", start: AmbiguousPaths.judge
    ) {
        Key.value(
            "ambiguous", \.self, .choice(("judge", .judge), ("refuse", .refuse), ("pass", .pass)),
            "`judge`: 400 if that leads to different routes; `refuse`: always 400; `pass`: taken literally."
        )
    }

    private static let rewriting = Table(
        "What the backend sees instead of the path.", start: Self(over: ProxyConfiguration()),
        rules: rewritingRules
    ) {
        Key.optionalList(
            "replace_prefix", \.replacePrefix, .path(named: "prefix"),
            "The prefix that is removed, and the one that replaces it.",
            example: "/chat, /ws"
        )
        Key.optional(
            "strip_prefix", \.stripPrefix, .path(named: "prefix"), "The prefix that is removed.",
            example: "/chat")
    }

    private static let response = Table(
        "An answer of the proxy's own.", start: Response(), rules: responseRules
    ) {
        Key.value("status", \.status, .integer(200...599), "The status.")
        Key.value("body", \.body, .text, "The body.")
        Key.value(
            "content_type", \.contentType, .text("text") { FieldTemplate.complaint(value: $0) },
            "The value of Content-Type.")
    }

    private static let rules: [Rule<Self>] = [
        Rule(schema: ["oneOf": [["required": ["upstream"]], ["required": ["respond"]]]]) { _, section in
            switch (section.hasKey("upstream"), section.hasKey("respond")) {
            case (false, false):
                section.complain(section.place, "\(section.title) needs 'upstream' or 'respond'")
            case (true, true):
                section.complain(section.place, "\(section.title) has both 'upstream' and 'respond'")
            case (true, false), (false, true): break
            }
        }
    ]

    private static let rewritingRules: [Rule<Self>] = [
        Rule(schema: [
            "not": ["required": ["strip_prefix", "replace_prefix"]],
            "properties": ["replace_prefix": ["minItems": 2, "maxItems": 2]],
        ]) { _, section in
            guard let list = section.node("replace_prefix")?.sequence else { return }
            if section.hasKey("strip_prefix"), !list.isEmpty {
                section.complain(section.place, "give 'strip_prefix' or 'replace_prefix', not both")
            } else if list.count != 2 {
                section.complain(section.place, "'replace_prefix' needs two paths: [/old, /new]")
            }
        }
    ]

    private static let responseRules: [Rule<Response>] = [
        Rule(schema: [
            "not": [
                "properties": [
                    "status": ["enum": [204, 205, 304]], "body": ["type": "string", "minLength": 1],
                ],
                "required": ["status", "body"],
            ]
        ]) { response, section in
            guard !response.body.isEmpty, [204, 205, 304].contains(response.status) else { return }
            section.complain(
                section.node("body")?.place ?? section.place,
                "a response of status \(response.status) has no 'body'")
        }
    ]
}

extension Scalar where Value == String {
    /// A path as on the wire, and as requests' are compared.
    fileprivate static func path(named what: String) -> Self {
        var scalar = text("path", pattern: RouteSyntax.pathPattern) { RouteSyntax.complaint(path: $0, what) }
        let parse = scalar.parse
        scalar.parse = { text, place in
            parse(text, place).map { path in (try? RequestTarget(text: path))?.path ?? path }
        }
        return scalar
    }

    fileprivate static var origin: Self {
        text("origin", pattern: "^(null|[^:]+://.+)$", RouteSyntax.complaint(origin:))
    }
}
