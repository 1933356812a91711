/// Which requests a route is for.
package struct RouteMatch: Equatable, Sendable {
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

    package let host: Host
    package let path: Path

    /// From the text of a configuration; nil = any.
    package init(host: String?, path: String?) {
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

    func accepts(host: String, path: String) -> Bool { accepts(host: host) && accepts(path: path) }

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
        case .prefix(let text): path.hasPrefix(text) || path == text.dropLast()
        }
    }
}

/// The routes in their order; the first match wins.
package struct RouteTable: Sendable {
    private let matches: [RouteMatch]

    /// In the order of the configuration.
    package init(_ matches: [RouteMatch]) { self.matches = matches }

    /// The index of the first route for a host (lower case, without port) and a normalised path.
    package func route(host: String, path: String) -> Int? {
        matches.firstIndex { $0.accepts(host: host, path: path) }
    }
}
