internal import Configuration
internal import EventLoop

extension ConfiguredFiles {
    /// The numbers behind the names of an owner and a group, with a complaint about those that don't exist here.
    mutating func permissions(_ access: SocketAccess) -> SocketPermissions {
        var permissions = SocketPermissions()
        permissions.mode = access.mode
        if let owner = access.owner {
            permissions.user = SocketPermissions.user(owner.value)
            if permissions.user == nil {
                complain(owner.place, "there is no user '\(owner.value)' on this machine")
            }
        }
        if let group = access.group {
            permissions.group = SocketPermissions.group(group.value)
            if permissions.group == nil {
                complain(group.place, "there is no group '\(group.value)' on this machine")
            }
        }
        return permissions
    }
}
