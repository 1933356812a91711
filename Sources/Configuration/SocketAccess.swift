/// `mode`, `owner` and `group` of a Unix socket: who may connect to it. What is absent stays as the process makes it.
package struct SocketAccess: Equatable, Sendable {
    /// Permission bits.
    package var mode: UInt32?
    /// A user's name or number.
    package var owner: Located<String>?
    /// A group's name or number.
    package var group: Located<String>?

    /// Nothing is asked for.
    package var isEmpty: Bool { mode == nil && owner == nil && group == nil }

    static let table = Table("Who may connect to a Unix socket.", start: Self()) {
        Key.optional(
            "mode", \.mode, .permissions, "Of a Unix socket: its permissions.", example: "0660",
            unset: "as the process makes it"
        )
        Key.optional(
            "owner", \.owner, .named("name or number"), "Of a Unix socket: a user.", example: "trunkline",
            unset: "the process's"
        )
        Key.optional(
            "group", \.group, .named("name or number"), "Of a Unix socket: a group.", example: "www-data",
            unset: "the process's")
    }

    /// What a JSON Schema says of where they may stand.
    static let rule: JSON = [
        "if": ["properties": ["address": ["pattern": "^[^u$]"]]],
        "then": ["properties": ["mode": false, "owner": false, "group": false]],
    ]

    /// Complains where the address is no Unix socket's.
    func check(_ section: Section, of address: Address) {
        if isEmpty { return }
        if case .unix = address { return }
        section.complain(
            section.place,
            "'mode', 'owner' and 'group' of \(section.title) are for Unix sockets, but it listens on \(address)"
        )
    }
}

extension Scalar where Value == UInt32 {
    /// Permissions in octal.
    fileprivate static var permissions: Self {
        Scalar(
            form: Form(
                words: "permissions in octal",
                schema: ["type": ["string", "integer"] as JSON, "pattern": "^0?[0-7]{3}$"], isText: true),
            expected: "permissions such as \"0660\"",
            parse: { text, _ in
                guard (3...4).contains(text.count), let mode = UInt32(text, radix: 8), mode <= 0o777 else {
                    return nil
                }
                return mode
            },
            print: { "0" + String($0, radix: 8) })
    }
}
