/// What the choice of a route looks at.
package struct RouteRequest {
    /// Lower case, without port.
    package let host: String
    /// In canonical form.
    package private(set) var path: String
    /// The name of the listener that it came through; nil where that has none.
    package let listener: String?
    /// It asks for a WebSocket.
    package private(set) var isUpgrade: Bool
    /// Those that the client offers.
    package let subprotocols: [String]
    /// All values of a field as they came, by its name in lower case.
    package let values: (String) -> [[UInt8]]

    /// From its parts.
    package init(
        host: String, path: String, listener: String? = nil, isUpgrade: Bool = true,
        subprotocols: [String] = [],
        values: @escaping (String) -> [[UInt8]] = { _ in [] }
    ) {
        self.host = host
        self.path = path
        self.listener = listener
        self.isUpgrade = isUpgrade
        self.subprotocols = subprotocols
        self.values = values
    }

    /// The same for another path.
    package func with(path: String) -> RouteRequest {
        var copy = self
        copy.path = path
        return copy
    }

    /// The same as a request for a WebSocket: is there a route for one?
    package var asUpgrade: RouteRequest {
        var copy = self
        copy.isUpgrade = true
        return copy
    }
}

/// A header field that a route asks for.
package struct FieldMatch: Equatable, Sendable {
    /// In lower case.
    package let name: String
    /// nil = whatever it is. Bytes: text would hold some different ones equal.
    package let value: [UInt8]?

    /// - Parameter value: `*` = whatever it is.
    package init(name: String, value: String) {
        self.name = name.lowercased()
        self.value = value == "*" ? nil : Array(value.utf8)
    }

    func accepts(_ values: [[UInt8]]) -> Bool {
        value.map { values.contains($0) } ?? !values.isEmpty
    }
}
