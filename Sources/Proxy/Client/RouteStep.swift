internal import Access
internal import Configuration
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing

/// What is known of a request that will be carried to a backend.
struct UpgradePlan {
    let route: Route
    let upstream: String
    let head: RequestHead
    /// What the backend is asked for: the head's target, rewritten.
    let target: RequestTarget
    let upgrade: UpgradeRequest
    var forwarding: Forwarding
    let host: String
    /// What the client's offer of permessage-deflate comes to; nil when it goes uncompressed.
    let agreement: DeflateAgreement?
    /// The route's policy as the memory allows it now.
    let compression: DeflateOptions?
    /// What the backend is offered; nil where it is to see plain frames, or the client's own offer.
    let backendOffer: DeflateOffer?
    /// The token that was taken out of the request.
    var taken: TakenToken?
    /// What the route's rules found out about the client.
    var admission: Admission?
    /// What lets the session outlive its backend; nil where nothing does.
    var continuity: ContinuityTerms?
    /// What changes of the answer's head.
    var responseEdits: FieldEdits?

    var path: String { head.target.text }
    var requestID: String { forwarding.requestID }

    func clientHandshake(key: String) -> ClientHandshake {
        ClientHandshake(
            head, upgrade: upgrade, target: target, forwarding: forwarding, key: key, offers: offers)
    }

    /// The same for a stream of an HTTP/2 connection.
    func streamHandshake() -> StreamHandshake {
        StreamHandshake(head, upgrade: upgrade, target: target, forwarding: forwarding, offers: offers)
    }

    private var offers: [ExtensionOffer] {
        route.passesExtensions ? upgrade.extensions : backendOffer?.offers ?? []
    }

    /// The 101 for the client, once the backend has given its own.
    func answer(_ accepted: AcceptedUpgrade) -> [UInt8] {
        ServerHandshake.answer(
            to: upgrade, subprotocol: subprotocol(accepted),
            extensions: extensions(accepted),
            backendFields: answerFields(accepted))
    }

    /// What the client is told of subprotocols: where it offered nothing but a token, that.
    func subprotocol(_ accepted: AcceptedUpgrade) -> Subprotocol? {
        accepted.subprotocol ?? taken?.subprotocol
    }

    /// The backend's fields as the client gets them.
    func answerFields(_ accepted: AcceptedUpgrade) -> HeaderFields {
        var fields = accepted.fields
        responseEdits?.apply(to: &fields)
        return fields
    }

    /// What is agreed on with the client. The backend's answer is the client's only where the offer was.
    func extensions(_ accepted: AcceptedUpgrade) -> String? {
        route.passesExtensions ? accepted.extensions : agreement?.answer
    }
}

/// An answer that a route gives by itself.
struct RouteResponse {
    /// The route's name.
    let route: String
    let status: Int
    let body: String
    let contentType: String
    /// The body's.
    let bytes: [UInt8]
    /// Sent besides the usual ones.
    var fields: [HeaderFields.Field] = []

    func encoded(for head: RequestHead, keepsAlive: Bool) -> [UInt8] {
        let response = HTTPResponse(
            status: status, body: body, contentType: contentType, fields: fields, keepsAlive: keepsAlive)
        return head.method == "HEAD" ? response.encodedHead : response.encoded
    }
}

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
        let host = RequestTarget.hostName(head.fields.first("host") ?? "")
        let request = ServerHandshake.judge(head)
        if case .refuse(let reason) = request { return .refuse(Fault(.request(reason))) }
        let isUpgrade = if case .upgrade = request { true } else { false }
        let fields = head.fields
        let offered: [String] =
            if case .upgrade(let upgrade) = request {
                upgrade.subprotocols.names.map(\.description)
            } else {
                []
            }
        let wanted = RouteRequest(
            host: host, path: head.target.path, listener: listener, isUpgrade: isUpgrade,
            subprotocols: offered,
            values: { fields.values($0) })
        let choice = RouteChoice(generation: generation, table: table)
        let route: Route
        var target: RequestTarget
        switch choice.choose(wanted, head.target) {
        case .route(let chosen, let rewritten): (route, target) = (chosen, rewritten)
        case .none:
            if !isUpgrade, case .route = choice.choose(wanted.asUpgrade, head.target) {
                return .refuse(Fault(.request(.upgradeRequired)))
            }
            return .refuse(Fault(.noRoute))
        case .ambiguous: return .refuse(Fault(.ambiguousPath))
        case .undecided: return .refuse(Fault(.patternTooSlow))
        }
        guard route.origins.accepts(head.fields.values("origin")) else {
            return .refuse(Fault(.originRefused))
        }
        if let access = route.passage?.access, !access.addresses.allows(client.address) {
            return .refuse(Fault(.access(.address)))
        }
        guard let sources = route.passage?.sources, let taken = sources.take(from: &head) else {
            return decide(request, route, target, host, requestID, nil)
        }
        target = target.replacing(query: head.target.query)
        return decide(ServerHandshake.judge(head), route, target, host, requestID, taken)
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
            client, over: connection, requestID: Forwarding.acceptableID(head.fields) ?? requestID,
            prefix: route.rewrite?.stripped(from: head.target.path))
    }

    private func plan(
        _ route: Route, _ upstream: String, _ target: RequestTarget, _ upgrade: UpgradeRequest,
        _ host: String, _ requestID: String
    ) -> UpgradePlan {
        var compression = route.compression.flatMap { $0.shrunk(at: memoryPressure) }
        // What is compressed once for many may not refer to what one of them has had.
        if generation.configuration.upstreams[upstream]?.mode == .broadcast {
            compression = compression?.withoutContextTakeover
        }
        let agreement = compression.flatMap { Negotiation.agree(to: upgrade.extensions, $0) }
        return UpgradePlan(
            route: route, upstream: upstream, head: head, target: target, upgrade: upgrade,
            forwarding: forwarding(requestID, route), host: host,
            agreement: agreement, compression: compression,
            backendOffer: route.compressesUpstream ? compression.map(DeflateOffer.init) : nil)
    }
}
