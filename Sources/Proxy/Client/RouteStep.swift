internal import Access
internal import Configuration
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What becomes of a request.
enum OnRoute {
    case upgrade(UpgradePlan)
    case exchange(RequestPlan)
    case respond(RouteResponse, AccessQuestion)
    case refuse(Fault)
}

/// Decides on a request by its head: route, origin, handshake, compression. Pure.
struct RouteStep {
    let generation: Generation
    let table: RouteTable
    /// Without what the client has no right to say.
    var head: RequestHead
    let client: KnownClient
    let connection: Forwarding.Connection
    /// The name of the listener that it came through.
    let listener: String?
    /// How full the memory for compression is; 1 = full.
    let memoryPressure: Double

    mutating func decide(requestID: String) -> OnRoute {
        let host = RequestTarget.hostName(head.fields.first(.host) ?? "")
        let request = ServerHandshake.judge(head)
        if case .refuse(let reason) = request { return .refuse(Fault(.request(reason))) }
        let isUpgrade = if case .upgrade = request { true } else { false }
        let route: Route
        var target: RequestTarget
        do throws(Fault) {
            (route, target) = try find(request, host)
        } catch {
            return .refuse(error)
        }
        let taken = route.passage?.sources?.take(from: &head)
        let resume = isUpgrade && canResume(on: route) ? ResumeRequest.take(from: &head) : nil
        guard taken != nil || resume != nil else {
            return decide(request, route, target, host, requestID, nil)
        }
        target = target.replacing(query: head.target.query)
        let decision = decide(ServerHandshake.judge(head), route, target, host, requestID, taken)
        guard let resume, case .upgrade(var plan) = decision else { return decision }
        plan.resume = resume
        return .upgrade(plan)
    }

    /// The route that takes the request, and what the request asks for there.
    private func find(
        _ request: OnRequest, _ host: String
    ) throws(Fault) -> (Route, RequestTarget) {
        let fields = head.fields
        var isUpgrade = false
        var offered: [String] = []
        if case .upgrade(let upgrade) = request {
            isUpgrade = true
            offered = upgrade.subprotocols.names.map(\.description)
        }
        let wanted = RouteRequest(
            host: host, path: head.target.path, listener: listener, isUpgrade: isUpgrade,
            subprotocols: offered, values: { fields.values($0) })
        let choice = RouteChoice(generation: generation, table: table)
        switch choice.choose(wanted, head.target) {
        case .route(let route, let target):
            if let fault = fault(of: route) { throw fault }
            return (route, target)
        case .none:
            if !isUpgrade, case .route = choice.choose(wanted.asUpgrade, head.target) {
                throw Fault(.request(.upgradeRequired))
            }
            throw Fault(.noRoute)
        case .ambiguous: throw Fault(.ambiguousPath)
        case .undecided: throw Fault(.patternTooSlow)
        }
    }

    /// A feed's clients have no backend of their own that would wait for them.
    private func canResume(on route: Route) -> Bool {
        guard route.resume != nil, case .upstream = route.action else { return false }
        return !route.isBroadcast
    }

    /// Why the route does not take it from there.
    private func fault(of route: Route) -> Fault? {
        guard route.origins.accepts(head.fields.values(.origin)) else { return Fault(.originRefused) }
        if let access = route.passage?.access, !access.addresses.allows(client.address) {
            return Fault(.access(.address))
        }
        return nil
    }

    /// - Parameter taken: the token that was taken out of the head.
    private func decide(
        _ request: OnRequest, _ route: Route, _ target: RequestTarget, _ host: String, _ requestID: String,
        _ taken: TakenToken?
    ) -> OnRoute {
        switch (route.action, request) {
        case (.respond(let response), _):
            return .respond(
                RouteResponse(
                    route: route.name, status: response.status, body: response.body,
                    contentType: response.contentType, bytes: route.answer),
                AccessQuestion(
                    route: route, head: head, forwarding: forwarding(requestID, route), host: host,
                    taken: taken))
        case (.upstream(let upstream), .upgrade(let upgrade)):
            var plan = plan(route, upstream, target, upgrade, host, requestID)
            plan.taken = taken
            return .upgrade(plan)
        case (.upstream(let upstream), _):
            // A request that comes back as it was sent shows what the proxy added to it.
            guard head.method != "TRACE", let framing = try? head.bodyFraming else {
                return .refuse(Fault(.request(.methodNotAllowed)))
            }
            return .exchange(
                RequestPlan(
                    route: route, upstream: upstream, head: head, target: target, framing: framing,
                    forwarding: forwarding(requestID, route), host: host, taken: taken))
        }
    }

    private func forwarding(_ requestID: String, _ route: Route) -> Forwarding {
        Forwarding(
            client, over: connection, requestID: requestID,
            prefix: route.rewrite?.stripped(from: head.target.path))
    }

    private func plan(
        _ route: Route, _ upstream: String, _ target: RequestTarget, _ upgrade: UpgradeRequest,
        _ host: String, _ requestID: String
    ) -> UpgradePlan {
        var compression = route.compression.flatMap { $0.shrunk(at: memoryPressure) }
        // What is compressed once for many may not refer to what one of them has had.
        if route.isBroadcast {
            compression = compression?.withoutContextTakeover
        }
        let agreement = compression.flatMap { Negotiation.agree(to: upgrade.extensions, $0) }
        return UpgradePlan(
            UpgradePlan.Values(
                route: route, upstream: upstream, head: head, target: target, upgrade: upgrade,
                forwarding: forwarding(requestID, route), host: host,
                agreement: agreement, compression: compression,
                backendOffer: route.compressesUpstream ? compression.map(DeflateOffer.init) : nil))
    }
}
