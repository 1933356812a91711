internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What makes the feeds of two clients the same.
struct FeedKey: Hashable {
    let upstream: String
    /// In lower case; with the port that the opener named, unless clients have come to it.
    let host: String
    /// Path and query as the backend sees them.
    let target: String
    /// Offered, so that the one which the backend chooses is known to all.
    let subprotocols: OfferedSubprotocols
    /// The fields that the configuration names, in its order, each with its values: after a reload other names may have
    /// the same values.
    let fields: [Field]

    /// Of what reaches a backend, these may differ between clients who ask for the same.
    private static let always = [
        "origin", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix",
    ]

    struct Field: Hashable {
        let name: String
        /// As they came: text would hold some different ones equal, and give one client what is another's.
        let values: [[UInt8]]
    }

    init(_ plan: UpgradePlan, fields names: [String]) {
        upstream = plan.upstream
        target = plan.target.text
        subprotocols = plan.upgrade.subprotocols
        // As the backend gets them: what we say of a client, not what it says of itself.
        var sent = plan.head.fields
        plan.forwarding.apply(to: &sent)
        // The backend is told of the opener's port. The scheme's own and the one that clients have come to, written or
        // not, make no other host: the latter is told as X-Forwarded-Port.
        let isSecure = sent.first("x-forwarded-proto").map { $0.lowercased() == "https" } ?? false
        let ports = [isSecure ? "443" : "80"] + sent.all("x-forwarded-port")
        func authority(_ text: String) -> String { RequestTarget.authority(text, without: ports) }
        host = authority(plan.head.fields.first(.host) ?? plan.host)
        let hosts = sent.all("x-forwarded-host").map { Array(authority($0).utf8) }
        fields =
            (names + Self.always).map { Field(name: $0, values: sent.values($0)) } + [
                Field(name: "x-forwarded-host", values: hosts)
            ]
    }
}

extension UpgradePlan {
    /// The request for a feed that this client opens and others share: without what says or proves who the client is,
    /// unless that is what feeds are told apart by, and without extensions.
    func shared(keyFields names: [String]) -> UpgradePlan {
        UpgradePlan(
            Values(
                route: route, upstream: upstream, head: head, target: target,
                upgrade: upgrade.withoutExtensions,
                forwarding: forwarding.shared(tellingApartBy: names), host: host, agreement: nil,
                compression: nil, backendOffer: nil))
    }
}
