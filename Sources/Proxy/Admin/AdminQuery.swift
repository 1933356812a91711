internal import ASCII
internal import Access
internal import HTTPProtocol

/// A request to the admin listener, all of it.
struct AdminRequest {
    let head: RequestHead
    var body: [UInt8] = []
}

/// The parameters of a query, percent-encoding undone, each at most once.
struct AdminQuery: Equatable {
    private var values: [String: String] = [:]
    /// In their order.
    private(set) var names: [String] = []

    init(_ query: String) throws(AdminRefusal) { try take(query) }

    init(_ request: AdminRequest) throws(AdminRefusal) { try self.init(request.head.target.query ?? "") }

    /// With those of a body, which is a form or a JSON object with texts and numbers.
    init(withBodyOf request: AdminRequest) throws(AdminRefusal) {
        try self.init(request)
        guard let first = request.body.first else { return }
        guard first == .openBrace else {
            try take(String(decoding: request.body, as: UTF8.self))
            return
        }
        guard case .object(let members)? = try? JSONValue(request.body) else {
            throw .query("the body is no JSON object")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let text = value.scalar else { throw .query("'\(name)' is no text and no number") }
            try add(name, text)
        }
    }

    private mutating func take(_ query: String) throws(AdminRefusal) {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "")
            else { throw .query("'\(pair)' is not percent-encoded UTF-8") }
            try add(name, value)
        }
    }

    private mutating func add(_ name: String, _ value: String) throws(AdminRefusal) {
        guard values.updateValue(value, forKey: name) == nil else { throw .query("'\(name)' is given twice") }
        names.append(name)
    }

    subscript(name: String) -> String? { values[name] }

    /// A name that isn't known may be a misspelt one, without which the order means more.
    func expect(_ known: [String]) throws(AdminRefusal) {
        guard let unknown = names.first(where: { !known.contains($0) }) else { return }
        let expected = known.isEmpty ? "none" : "one of: " + known.joined(separator: ", ")
        throw .query("unknown parameter '\(unknown)', expected \(expected)")
    }

    private static func decoded(_ text: Substring) -> String? {
        PercentCoding.decoded(query: text, malformed: .refused).flatMap {
            String(validating: $0, as: UTF8.self)
        }
    }
}
