/// What the limit per client counts as one client: an IPv4 address, or the /64 of an IPv6 customer.
struct ClientKey: Hashable, Sendable {
    let text: String

    /// nil for clients without an address, as those of a Unix socket.
    init?(_ address: String) {
        guard !address.hasPrefix("unix:") else { return nil }
        guard address.contains(":") else {
            text = address
            return
        }
        text = Self.network(String(address.prefix { $0 != "%" }))
    }

    /// The first four groups, with `::` written out.
    private static func network(_ address: String) -> String {
        guard let gap = gap(in: address) else {
            return address.split(separator: ":").prefix(4).joined(separator: ":")
        }
        let head = address[..<gap].split(separator: ":")
        let tail = address[gap...].split(separator: ":")
        let zeros = Array(repeating: Substring("0"), count: max(0, 8 - head.count - tail.count))
        return (head + zeros + tail).prefix(4).joined(separator: ":")
    }

    private static func gap(in address: String) -> String.Index? {
        var previous: Character?
        for index in address.indices {
            if address[index] == ":", previous == ":" { return address.index(before: index) }
            previous = address[index]
        }
        return nil
    }
}
