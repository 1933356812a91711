/// An address that a name led to.
package struct Endpoint: Sendable, Equatable {
    /// Where it is.
    package let address: SocketAddress
    /// Its share beside the others, where a service record says one: 1 to `Service.mostWeight`.
    package let weight: Int?
    /// Of a service record: the lowest number that can be had is taken (RFC 2782).
    package let priority: Int

    /// An address, and perhaps its share.
    package init(_ address: SocketAddress, weight: Int? = nil, priority: Int = 0) {
        self.address = address
        self.weight = weight
        self.priority = priority
    }

    /// The same address, whatever the kernel wrote behind it, and the same place among others.
    package static func == (one: Endpoint, other: Endpoint) -> Bool {
        one.address.description == other.address.description && one.weight == other.weight
            && one.priority == other.priority
    }
}

/// One SRV record (RFC 2782).
struct Service: Equatable {
    let target: String
    let port: UInt16
    let priority: Int
    let weight: Int

    /// What a share may be at most; larger ones are brought down together.
    static let mostWeight = 1000

    /// Records without a target or a port say that there is no service.
    private var isOffered: Bool { !target.isEmpty && target != "." && port != 0 }

    /// Each once, and of more than can be had the same ones each time, those that are preferred first.
    static func chosen(_ services: [Service], most: Int) -> [Service] {
        var seen: Set<String> = []
        let distinct = services.filter {
            $0.isOffered && seen.insert("\($0.target):\($0.port) \($0.priority)").inserted
        }
        guard distinct.count > most else { return distinct }
        let ordered = distinct.sorted {
            ($0.priority, $0.target, $0.port) < ($1.priority, $1.target, $1.port)
        }
        return Array(ordered.prefix(most))
    }

    /// Services by their preference, each group of the same one: lower numbers first.
    static func groups(_ services: [Service]) -> [[Service]] {
        Dictionary(grouping: services.filter(\.isOffered), by: \.priority).sorted { $0.key < $1.key }.map(
            \.value)
    }

    /// The shares of one group. A weight of 0 is a very small one beside others, and no share where all have it.
    static func shares(_ group: [Service]) -> [Int?] {
        let largest = group.map(\.weight).max() ?? 0
        guard largest > 0 else { return group.map { _ in nil } }
        return group.map {
            largest > mostWeight ? max($0.weight * mostWeight / largest, 1) : max($0.weight, 1)
        }
    }
}
