package import HTTPProtocol

/// Changes to the fields of a head.
package struct FieldRules: Equatable, Sendable {
    /// A field and its value.
    package struct Entry: Equatable, Sendable {
        /// As it is sent.
        package var name: String
        /// What it is given.
        package var value: FieldTemplate

        /// A field from its parts.
        package init(_ name: String, _ value: FieldTemplate) {
            self.name = name
            self.value = value
        }
    }

    /// Fields that get this value, whatever they had before.
    package var set: [Entry] = []
    /// Lines that are added to the present ones.
    package var add: [Entry] = []
    /// Names of fields that don't go on.
    package var remove: [String] = []

    /// No changes.
    package init() {}

    /// Whether nothing is changed.
    package var isEmpty: Bool { self.set.isEmpty && add.isEmpty && remove.isEmpty }

    /// Names that can't be changed: they belong to one connection or to the handshake, and are written anew for each leg.
    package static func isFixed(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("sec-websocket-")
            || [
                "connection", "content-length", "http2-settings", "keep-alive", "proxy-connection", "te",
                "trailer", "transfer-encoding", "upgrade",
            ].contains(name)
    }

    /// Adds the changes for one request. A field whose value comes to nothing is not sent.
    ///
    /// - Parameter facts: the values of variables, nil where there is none.
    package func write(into edits: inout FieldEdits, _ facts: (FieldTemplate.Variable) -> String?) {
        for name in remove { edits.remove(name) }
        for entry in set {
            edits.set(entry.name, entry.value.value(facts), isPersonal: entry.value.isPersonal)
        }
        for entry in add {
            edits.add(entry.name, entry.value.value(facts), isPersonal: entry.value.isPersonal)
        }
    }
}
