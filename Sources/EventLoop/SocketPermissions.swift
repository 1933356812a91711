internal import CLinux

/// Who may connect to a Unix socket: the permissions and the owner of its file. nil = as the process makes it.
package struct SocketPermissions: Equatable, Sendable {
    /// Permission bits.
    package var mode: UInt32?
    /// Numbers of a user and a group.
    package var user: UInt32?
    /// Its number; nil = the process's.
    package var group: UInt32?

    /// Asks for nothing.
    package init() {}

    /// The number of a user, by name or as a number.
    package static func user(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        let number = unsafe trunkline_user(name)
        return number < 0 ? nil : UInt32(number)
    }

    /// The number of a group, by name or as a number.
    package static func group(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        let number = unsafe trunkline_group(name)
        return number < 0 ? nil : UInt32(number)
    }

    /// Before it is bound: nobody may slip in before `apply`.
    func restrict(_ socket: Int32) {
        if let mode { _ = fchmod(socket, mode) }
    }

    /// Changes the file of a socket.
    package func apply(to path: String) throws(SystemError) {
        let owner = user.map(Int64.init) ?? -1
        let owners = group.map(Int64.init) ?? -1
        // C strings that live for the call.
        if owner >= 0 || owners >= 0, unsafe trunkline_set_owner(path, owner, owners) != 0 {
            throw SystemError("chown")
        }
        if let mode, unsafe chmod(path, mode) != 0 { throw SystemError("chmod") }
    }
}
