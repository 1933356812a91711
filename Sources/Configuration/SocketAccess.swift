internal import Yams

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

    static func decode(_ section: Section, of address: Address?) -> SocketAccess {
        var access = SocketAccess()
        section.value("mode", into: &access.mode, expected: "permissions such as \"0660\"") { text in
            guard (3...4).contains(text.count), let mode = UInt32(text, radix: 8), mode <= 0o777 else {
                return nil
            }
            return .some(mode)
        }
        access.owner = section.text("owner")
        access.group = section.text("group")
        if let address, !access.isEmpty {
            guard case .unix = address else {
                section.complaints.add(
                    section.place,
                    "'mode', 'owner' and 'group' of \(section.title) are for Unix sockets, but it listens on \(address)"
                )
                return access
            }
        }
        return access
    }
}
