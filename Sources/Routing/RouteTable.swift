package import Patterns

/// Which requests a route is for.
package struct RouteMatch {
    /// A host pattern, lower case.
    package enum Host: Equatable, Sendable {
        case any
        case exact(String)
        /// `*.example.com`: one label or more before `.example.com`.
        case wildcard(suffix: String)
    }

    /// A path pattern.
    package enum Path: Equatable, Sendable {
        case any
        case exact(String)
        /// `/chat/`: that path, all below it, and `/chat` itself.
        case prefix(String)
    }

    /// Which of the two a request may be.
    package enum Upgrade: Equatable, Sendable {
        case any
        /// WebSocket upgrades only.
        case webSocket
        /// Plain requests only.
        case none
    }

    /// Which hosts.
    package let host: Host
    /// Which paths.
    package let path: Path
    /// Upgrades, plain requests or both.
    package let upgrade: Upgrade
    /// Fields that must be there, all of them.
    package let fields: [FieldMatch]
    /// Subprotocols one of which must be offered; empty = any, or none.
    package let subprotocols: [String]
    /// Beside `path`, or instead of it.
    package let pattern: PathPattern?
    /// The name of the listener that it must come through; nil = any.
    package let listener: String?

    /// From the text of a configuration; nil = any.
    package init(
        host: String?, path: String?, upgrade: Upgrade = .any, pattern: PathPattern? = nil,
        fields: [FieldMatch] = [], subprotocols: [String] = [], listener: String? = nil
    ) {
        self.listener = listener
        self.upgrade = upgrade
        self.pattern = pattern
        self.fields = fields
        self.subprotocols = subprotocols
        switch host?.lowercased() {
        case nil: self.host = .any
        case let text? where text.hasPrefix("*."): self.host = .wildcard(suffix: String(text.dropFirst()))
        case let text?: self.host = .exact(text)
        }
        switch path {
        case nil: self.path = .any
        case let text? where text.hasSuffix("/"): self.path = .prefix(text)
        case let text?: self.path = .exact(text)
        }
    }

    func accepts(_ request: RouteRequest) throws(PatternLimitReached) -> Bool {
        guard listener == nil || listener == request.listener, accepts(request.isUpgrade),
            accepts(path: request.path),
            accepts(host: request.host),
            fields.allSatisfy({ $0.accepts(request.values($0.name)) }),
            subprotocols.isEmpty || subprotocols.contains(where: { request.subprotocols.contains($0) })
        else { return false }
        return try pattern?.accepts(request.path) ?? true
    }

    private func accepts(_ isUpgrade: Bool) -> Bool {
        switch upgrade {
        case .any: true
        case .webSocket: isUpgrade
        case .none: !isUpgrade
        }
    }

    private func accepts(host: String) -> Bool {
        switch self.host {
        case .any: true
        case .exact(let name): host == name
        case .wildcard(let suffix): host.utf8.count > suffix.utf8.count && host.hasSuffix(suffix)
        }
    }

    private func accepts(path: String) -> Bool {
        switch self.path {
        case .any: true
        case .exact(let text): path == text
        case .prefix(let text):
            path.utf8.starts(with: text.utf8) || path.utf8.elementsEqual(text.utf8.dropLast())
        }
    }
}

/// The routes in their order; the first match wins.
package struct RouteTable {
    private let matches: [RouteMatch]

    /// In the order of the configuration.
    package init(_ matches: [RouteMatch]) { self.matches = matches }

    /// The index of the first route for a request. Where a pattern is given up nothing is known of later routes either.
    package func route(_ request: RouteRequest) throws(PatternLimitReached) -> Int? {
        for index in matches.indices where try matches[index].accepts(request) { return index }
        return nil
    }
}
