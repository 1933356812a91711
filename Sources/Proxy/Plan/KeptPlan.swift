internal import Access
internal import Configuration
internal import HTTPProtocol
internal import PerMessageDeflate

/// What a session asks its next backend with, as it is kept while that is not needed: its client's request in one block, and
/// nothing that can be made of it again.
struct KeptPlan {
    let route: Route
    /// The places that the session has by its keys.
    let keyed: KeyedPlaces?
    private var request: KeptRequest
    /// nil where the route changes nothing.
    private var passage: Apart<Passage>?

    /// What the route's rules have made of it.
    private struct Passage {
        var edits: FieldEdits?
        let entrance: Entrance
        let user: String?
        let told: [(name: String, value: String)]
    }

    init(_ plan: UpgradePlan) {
        route = plan.route
        keyed = plan.keyed
        request = KeptRequest(plan.head, target: plan.target, forwarding: plan.forwarding)
        take(plan)
    }

    private mutating func take(_ plan: UpgradePlan) {
        passage = plan.entrance.map { entrance in
            Apart(
                Passage(
                    edits: plan.forwarding.edits, entrance: entrance, user: plan.admission?.user,
                    told: plan.admission?.told ?? []))
        }
    }

    var upstream: String { route.upstream }
    /// Bytes of memory that the request takes.
    var keptBytes: Int { request.keptBytes }

    /// The plan anew.
    ///
    /// - Parameters:
    ///   - requestID: the request's.
    ///   - reopening: what has become of the session's backend before.
    ///   - memoryPressure: how full the memory for compression is; 1 = full.
    func plan(
        requestID: String, _ terms: ContinuityTerms, reopening: String?, memoryPressure: Double
    ) -> UpgradePlan {
        let kept = request.contents(requestID: requestID)
        var forwarding = kept.forwarding
        forwarding.edits = passage?.value.edits
        let compression = route.compression.flatMap { $0.shrunk(at: memoryPressure) }
        var values = UpgradePlan.Values(
            route: route, upstream: upstream, head: kept.head, target: kept.target, upgrade: kept.upgrade,
            forwarding: forwarding, host: Self.host(kept.head), agreement: nil, compression: compression,
            backendOffer: route.compressesUpstream ? compression.map(DeflateOffer.init) : nil)
        values.keyed = keyed
        values.few = UpgradePlan.Values.Few(
            entrance: passage?.value.entrance, continuity: terms, reopening: reopening)
        return UpgradePlan(values)
    }

    private static func host(_ head: RequestHead) -> String {
        RequestTarget.hostName(head.fields.first(.host) ?? "")
    }

    // MARK: Tokens

    /// The client has brought a new token: whoever is asked next sees that one, and what is told of its claims.
    mutating func renew(_ token: String, _ claims: Claims, requestID: String) {
        let kept = replace(token, requestID: requestID)
        guard let passage, let rules = route.passage else { return }
        let facts = PassageFacts(
            route, kept.head, kept.forwarding, host: Self.host(kept.head), passage.value.entrance)
        let admission = Admission(user: passage.value.user, claims: claims, told: passage.value.told)
        self.passage?.value.edits = rules.requestEdits(admission) { facts.value($0, admission) }
    }

    /// The client has come back by another request, and was let in by that.
    mutating func renew(by plan: UpgradePlan, requestID: String) {
        if let token = plan.admission?.token { _ = replace(token, requestID: requestID) }
        take(plan)
    }

    private mutating func replace(_ token: String, requestID: String) -> KeptRequest.Contents {
        var kept = request.contents(requestID: requestID)
        kept.head.carry(token: token, by: route)
        request = KeptRequest(kept.head, target: kept.target, forwarding: kept.forwarding)
        return kept
    }
}

extension RequestHead {
    /// Has a new token where it had the last one.
    mutating func carry(token: String, by route: Route) {
        let sources = route.passage?.sources
        let field = sources?.field ?? "Authorization"
        guard fields.contains(field) else { return }
        fields.remove(field)
        fields.append(field, sources?.isAuthorization ?? true ? "Bearer " + token : token)
    }
}
