/// What the choice of a route looks at.
package struct RouteRequest {
    /// Lower case, without port.
    package let host: String
    /// In canonical form.
    package let path: String
    /// It asks for a WebSocket.
    package let isUpgrade: Bool
    /// Those that the client offers.
    package let subprotocols: [String]
    /// All values of a field, by its name in lower case.
    package let values: (String) -> [String]

    /// From its parts.
    package init(
        host: String, path: String, isUpgrade: Bool = true, subprotocols: [String] = [],
        values: @escaping (String) -> [String] = { _ in [] }
    ) {
        self.host = host
        self.path = path
        self.isUpgrade = isUpgrade
        self.subprotocols = subprotocols
        self.values = values
    }

    /// The same for another path.
    package func with(path: String) -> RouteRequest {
        RouteRequest(
            host: host, path: path, isUpgrade: isUpgrade, subprotocols: subprotocols, values: values)
    }

    /// The same as a request for a WebSocket: is there a route for one?
    package var asUpgrade: RouteRequest {
        RouteRequest(host: host, path: path, isUpgrade: true, subprotocols: subprotocols, values: values)
    }
}

/// A header field that a route asks for.
package struct FieldMatch: Equatable, Sendable {
    /// In lower case.
    package let name: String
    /// nil = whatever it is.
    package let value: String?

    /// - Parameter value: `*` = whatever it is.
    package init(name: String, value: String) {
        self.name = name.lowercased()
        self.value = value == "*" ? nil : value
    }

    func accepts(_ values: [String]) -> Bool {
        value.map { values.contains($0) } ?? !values.isEmpty
    }
}
