internal import HTTPProtocol

/// Who may ask the admin listener. Whoever can connect is no stranger, but a browser connects for every page that it
/// shows: it must not be led here by a name of the page's own, nor be made to give orders.
struct AdminRules: Equatable, Sendable {
    /// `admin.hosts`, in lower case.
    private(set) var hosts: [String] = []
    /// What orders must come with; nil = nothing.
    private(set) var token: String?
    /// It can be reached over a network. A Unix socket can't be by a browser, and who may open it is said by its mode.
    var isOnNetwork = true

    /// Whether a request may be looked at. A name that the page's owner has pointed at this machine is none of ours.
    func admit(_ head: RequestHead) throws(AdminRefusal) {
        if head.fields.all("sec-fetch-site").contains("cross-site") { throw .browser }
        guard isOnNetwork, let host = head.fields.first(.host), !host.isEmpty else { return }
        let name = RequestTarget.hostName(host)
        guard name == "localhost" || isAddress(name) || hosts.contains(name) else { throw .host(name) }
    }

    private func isAddress(_ name: String) -> Bool {
        if name.hasPrefix("["), name.hasSuffix("]") {
            return AddressText.ipv6(name.dropFirst().dropLast()) != nil
        }
        return AddressText.ipv4(name[...]) != nil
    }

    /// Whether it may give an order. A browser sends `Origin` with every POST.
    func authorize(_ head: RequestHead) throws(AdminRefusal) {
        let site = head.fields.first("sec-fetch-site")
        guard !head.fields.contains("origin"), site == nil || site == "none" else { throw .browser }
        guard isOnNetwork, let token else { return }
        guard let given = bearer(head), isSame(given, Array(token.utf8)) else { throw .token }
    }

    /// RFC 6750, 2.1.
    private func bearer(_ head: RequestHead) -> [UInt8]? {
        let values = head.fields.all("authorization")
        guard values.count == 1, let parts = values.first?.split(separator: " ", maxSplits: 1),
            parts.count == 2,
            equalsIgnoringCase(String(parts[0]), "bearer")
        else { return nil }
        return Array(parts[1].utf8)
    }

    /// Takes as long wherever the first difference is.
    private func isSame(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        guard given.count == token.count else { return false }
        var difference: UInt8 = 0
        for index in token.indices { difference |= given[index] ^ token[index] }
        return difference == 0
    }
}
