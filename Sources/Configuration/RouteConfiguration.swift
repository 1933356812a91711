/// One `routes` entry, with the limits and compression that hold for it.
package struct RouteConfiguration: Equatable, Sendable {
    /// What becomes of a request.
    package enum Action: Equatable, Sendable {
        case upstream(String)
        case respond(status: Int, body: String, contentType: String)
    }

    /// How the path changes.
    package enum Rewrite: Equatable, Sendable {
        case strip(String)
        case replace(String, with: String)
    }

    /// A header field and its value.
    package struct Field: Equatable, Sendable {
        /// In lower case.
        package var name: String
        /// As it must be, letter by letter; `*` = any.
        package var value: String
    }

    /// Which requests the route is for, by what they ask.
    package enum Upgrade: String, Equatable, Sendable { case any, websocket, none }

    /// For logs, metrics and orders to drain; of one route only.
    package var name: String
    /// `match.upgrade`.
    package var upgrade = Upgrade.any
    /// `match.listener`: the name of the listener that requests must come through. nil = any.
    package var listener: String?
    /// In lower case or not; `*.` before it for all names below. nil = any.
    package var host: String?
    /// All below it where it ends in `/`, else itself alone. nil = any.
    package var path: String?
    /// A regular expression for the whole path.
    package var pathPattern: String?
    /// Header fields that must be there with these values, or with any where the value is `*`.
    package var fields: [Field] = []
    /// Subprotocols one of which must be offered.
    package var subprotocols: [String] = []
    /// What the backend sees instead of the path. nil = the path as it came.
    package var rewrite: Rewrite?
    /// The values of Origin that browsers may come with; clients that send none pass. nil = any.
    package var origins: [String]?
    /// `paths.ambiguous`: the default, or the route's own.
    package var ambiguousPaths = AmbiguousPaths.judge
    /// Where matching requests go.
    package var action: Action
    /// The default, with the keys that the route gives itself.
    package var compression: CompressionConfiguration
    /// The default, with the keys that the route gives itself.
    package var limits: LimitsConfiguration

    /// A route from its parts.
    package init(
        name: String, host: String? = nil, path: String? = nil, rewrite: Rewrite? = nil,
        origins: [String]? = nil,
        action: Action, compression: CompressionConfiguration = .init(), limits: LimitsConfiguration = .init()
    ) {
        self.name = name
        self.host = host
        self.path = path
        self.rewrite = rewrite
        self.origins = origins
        self.action = action
        self.compression = compression
        self.limits = limits
    }
}
