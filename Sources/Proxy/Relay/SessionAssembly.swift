internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// What a session's log line says of its beginning.
struct SessionFacts {
    /// Its address, or that of its connection now.
    var client: String
    var backend: String
    let began: UInt64
    let texts: PackedTexts
}

/// Joins the parts of a session, in reading order: the only place that knows them all.
struct SessionAssembly {
    let plan: UpgradePlan
    let accepted: AcceptedUpgrade
    let worker: SessionContext

    func session(
        client: any ByteTransport, address: String, backend: any ByteTransport, on chosen: Backend,
        onEnd: @escaping () -> Void
    ) -> Session {
        // An answer that breaks the rules has been refused before.
        let agreedBehind = try? plan.backendOffer?.agreement(accepted.extensions)
        // Passed through, the extension is agreed on end to end: both sides use RSV1 and we only look at headers.
        let isPassedThrough = plan.route.passesExtensions && accepted.extensions != nil
        let clientSide = peer(.client, client, plan.agreement, isPassedThrough: isPassedThrough)
        let backendSide = peer(.backend, backend, agreedBehind, isPassedThrough: isPassedThrough)
        let facts = facts(client: address, backend: chosen.name, agreedBehind)
        chosen.state.sessionBegan()
        let outliving =
            isPassedThrough
            ? Outliving()
            : Outliving(plan, accepted, on: chosen, account: client.account, worker: worker)
        return Session(
            client: clientSide, backend: backendSide, route: plan.route, facts: facts, outliving: outliving,
            worker: worker,
            carriedBy: chosen.state, onEnd: onEnd)
    }

    /// - Parameter agreed: with the backend.
    func facts(client address: String, backend: String, _ agreed: DeflateAgreement? = nil) -> SessionFacts {
        SessionFacts(
            client: address, backend: backend, began: worker.loop.now,
            texts: PackedTexts(
                SessionTexts(
                    host: plan.host, path: plan.path, requestID: plan.requestID,
                    words: ClientWords(plan.head.fields),
                    subprotocol: accepted.subprotocol?.description ?? "",
                    extensions: plan.extensions(accepted) ?? "", backendExtensions: agreed?.answer ?? "")))
    }

    /// A client's side for its session that it comes back to.
    func clientSide(_ transport: any ByteTransport) -> WebSocketPeer {
        peer(.client, transport, plan.agreement, isPassedThrough: false)
    }

    /// A backend's side for a session that goes on with it.
    func backendSide(_ transport: any ByteTransport) -> WebSocketPeer {
        peer(
            .backend, transport, try? plan.backendOffer?.agreement(accepted.extensions),
            isPassedThrough: false)
    }

    private func peer(
        _ side: SessionSide, _ transport: any ByteTransport, _ agreement: DeflateAgreement?,
        isPassedThrough: Bool
    ) -> WebSocketPeer {
        let peer = WebSocketPeer(
            side, transport, frames: limits(of: side).frames,
            agreement != nil ? .inflated : isPassedThrough ? .passedThrough : .none,
            compression: compression(side, transport, agreement), route: plan.route, worker: worker)
        if let keyed = plan.keyed { peer.isMetered(by: KeyedMeter(keyed.places, side, worker.keyedShares)) }
        return peer
    }

    private func limits(of side: SessionSide) -> Route.PeerLimits {
        side == .client ? plan.route.limits.client : plan.route.limits.backend
    }

    private func compression(
        _ side: SessionSide, _ transport: any ByteTransport, _ agreement: DeflateAgreement?
    ) -> PeerCompression? {
        guard let agreement, let options = plan.compression else { return nil }
        let (incoming, outgoing) =
            side == .client
            ? (agreement.fromClient, agreement.fromServer) : (agreement.fromServer, agreement.fromClient)
        return PeerCompression(
            incoming: incoming, outgoing: outgoing, options, limits: limits(of: side).inflate,
            sampler: worker.sampler(for: plan.route, towards: side), arena: worker.contextMemory.arena,
            over: transport, now: worker.loop.now)
    }
}
