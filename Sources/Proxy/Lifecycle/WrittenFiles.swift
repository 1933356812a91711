internal import Configuration
internal import EventLoop

// The files that the process is going to write, all that there are: whether it will be able to.
extension ConfiguredFiles {
    /// Folders that the package's service makes when it starts.
    private static let ofService = ["/run/trunkline", "/var/lib/trunkline", "/var/log/trunkline"]
    /// Where nothing is left of the last start of the machine: a service makes its folder there.
    private static let volatile = ["/run/", "/var/run/"]

    /// Complains of each that could not be written. Of a socket only the folder is asked: it may be handed over, or made by
    /// the service manager.
    mutating func judgeWritten(_ configuration: ProxyConfiguration) {
        if case .file(let named) = configuration.log.access {
            let trouble = WrittenPlace.trouble(ofFile: path(named.value), isReplaced: false)
            tell(trouble, named.place, "cannot write access log '\(named.value)'")
        }
        if let named = configuration.admin?.revocations {
            let trouble = WrittenPlace.trouble(ofFile: path(named.value), isReplaced: true)
            tell(trouble, named.place, "cannot write revocations '\(named.value)'")
        }
        if let named = configuration.acme?.storage { judge(storage: named) }
        for listener in configuration.listeners { judge(socket: listener.address) }
        if let admin = configuration.admin { judge(socket: admin.address) }
    }

    /// The folder itself is made where it is missing.
    private mutating func judge(storage named: Located<String>) {
        let path = path(named.value)
        // Who owns it is judged by the process that uses it: this one may be another user's.
        if let trouble = WrittenPlace.trouble(ofFolderAbove: path) {
            tell(trouble, named.place, "cannot make storage '\(named.value)'")
        } else if PrivateFolder(path).trouble == .noFolder {
            complain(named.place, "cannot use storage '\(named.value)': it is no folder")
        }
    }

    private mutating func judge(socket address: Located<Address>) {
        guard case .unix(let path) = address.value else { return }
        tell(WrittenPlace.trouble(ofFolderAbove: path), address.place, "cannot listen on \(address.value)")
    }

    private mutating func tell(_ trouble: WrittenPlace.Trouble?, _ place: Place, _ what: String) {
        guard let trouble else { return }
        guard case .noFolder(let folder) = trouble else { return complain(place, "\(what): \(trouble)") }
        if Self.ofService.contains(folder) { return }
        if Self.volatile.contains(where: folder.hasPrefix) {
            warn(place, "\(what): \(trouble), unless it is made when the service starts")
        } else {
            complain(place, "\(what): \(trouble)")
        }
    }
}
