internal import ASCII
package import HTTPProtocol

/// The parameters of a query, as far as tokens are concerned.
package enum QueryText {
    /// What stands for a value that nobody is to see.
    package static let mask = "***"

    /// A query with the values of some parameters masked; as it is where it has none of them.
    package static func masked(_ query: String, names: [String]) -> String {
        guard !names.isEmpty else { return query }
        return query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard names.contains(name(pair)) else { return String(pair) }
            return pair.prefix { $0 != "=" } + "=" + mask
        }.joined(separator: "&")
    }

    /// The same of a path with its query.
    package static func masked(target: String, names: [String]) -> String {
        guard !names.isEmpty, let mark = target.utf8.firstIndex(of: .question) else { return target }
        let start = target.utf8.index(after: mark)
        return String(target[..<start]) + masked(String(target[start...]), names: names)
    }

    /// Takes a parameter out of a request's query, and says what the first of that name has.
    package static func take(_ name: String, from head: inout RequestHead) -> String? {
        guard let query = head.target.query else { return nil }
        var found: String?
        let pairs = query.split(separator: "&", omittingEmptySubsequences: false)
        let kept = pairs.filter { pair in
            guard Self.name(pair) == name else { return true }
            found = found ?? value(pair)
            return false
        }
        guard kept.count < pairs.count else { return nil }
        head.target = head.target.replacing(query: kept.isEmpty ? nil : kept.joined(separator: "&"))
        return found
    }

    static func name(_ pair: Substring) -> String { decoded(Substring(pair.utf8.prefix { $0 != .equals })) }

    static func value(_ pair: Substring) -> String {
        decoded(Substring(pair.utf8.drop { $0 != .equals }.dropFirst()))
    }

    /// Percent-encoding undone; what is none stays as it is.
    private static func decoded(_ text: Substring) -> String {
        String(decoding: PercentCoding.decoded(query: text, malformed: .kept) ?? [], as: UTF8.self)
    }
}
