/// Changes to a head's fields, with all values known.
package struct FieldEdits: Equatable, Sendable {
    private struct Line: Equatable {
        let name: String
        let value: String
        /// It says something of one client.
        let isPersonal: Bool
    }

    /// With hyphens, in lower case.
    private var removed: Set<String> = []
    private var added: [Line] = []

    /// None.
    package init() {}

    /// Whether there are none.
    package var isEmpty: Bool { removed.isEmpty && added.isEmpty }

    /// Removes all lines of a name, in whatever spelling backends take for it.
    package mutating func remove(_ name: String) { removed.insert(ClientFields.canonical(lowercased(name))) }

    /// Gives a field one value; an empty one is not sent.
    ///
    /// - Parameter isPersonal: it is of one client, and not for all that share a request.
    package mutating func set(_ name: String, _ value: String, isPersonal: Bool) {
        remove(name)
        let spelling = lowercased(name)
        added.removeAll { lowercased($0.name) == spelling }
        add(name, value, isPersonal: isPersonal)
    }

    /// Adds a line; an empty one is not sent.
    package mutating func add(_ name: String, _ value: String, isPersonal: Bool) {
        if !value.isEmpty { added.append(Line(name: name, value: value, isPersonal: isPersonal)) }
    }

    /// Makes them.
    ///
    /// - Parameter shared: for a request that many clients share: names, in lower case, of the personal fields that they
    ///   have in common.
    package func apply(to fields: inout HeaderFields, shared: [String]? = nil) {
        if !removed.isEmpty { fields.removeAll { removed.contains(ClientFields.canonical($0)) } }
        for line in added {
            if let shared, line.isPersonal, !shared.contains(lowercased(line.name)) { continue }
            fields.append(line.name, line.value)
        }
    }
}
