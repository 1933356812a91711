internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What makes the feeds of two clients the same.
struct FeedKey: Hashable {
    let upstream: String
    let host: String
    /// Path and query as the backend sees them.
    let target: String
    /// Offered, so that the one which the backend chooses is known to all.
    let subprotocols: OfferedSubprotocols
    /// The fields that the configuration names, in its order, each with its values: after a reload other names may have
    /// the same values.
    let fields: [Field]

    struct Field: Hashable {
        let name: String
        let values: [String]
    }

    init(_ plan: UpgradePlan, fields names: [String]) {
        upstream = plan.upstream
        host = plan.host
        target = plan.target.text
        subprotocols = plan.upgrade.subprotocols
        fields = names.map { Field(name: $0, values: plan.head.fields.all($0)) }
    }
}

extension UpgradePlan {
    /// Fields by which a client proves who it is.
    private static let personal = ["authorization", "cookie", "proxy-authorization"]

    /// The request for a feed that this client opens and others share: without what proves who the client is, unless
    /// that is what feeds are told apart by, and without extensions.
    func shared(keyFields names: [String]) -> UpgradePlan {
        var head = head
        for name in Self.personal where !names.contains(name) { head.fields.remove(name) }
        return UpgradePlan(
            route: route, upstream: upstream, head: head, target: target, upgrade: upgrade.withoutExtensions,
            forwarding: forwarding, host: host, agreement: nil, compression: nil, backendOffer: nil)
    }
}
