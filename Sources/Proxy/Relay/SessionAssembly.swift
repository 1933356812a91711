internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

/// What a session's log line says of its beginning.
struct SessionFacts {
    let client: String
    let host: String
    let path: String
    let requestID: String
    let words: ClientWords
    let upstream: String
    let backend: String
    let subprotocol: String
    let extensions: String
    /// Agreed on with the backend by ourselves.
    let backendExtensions: String
    let began: UInt64
}

/// Joins the parts of a session, in reading order: the only place that knows them all.
struct SessionAssembly {
    let plan: UpgradePlan
    let accepted: AcceptedUpgrade
    let worker: Worker

    func session(
        client: any ByteTransport, address: String, backend: any ByteTransport, on chosen: Backend,
        onEnd: @escaping () -> Void
    ) -> Session {
        // An answer that breaks the rules has been refused before.
        let agreedBehind = try? plan.backendOffer?.agreement(accepted.extensions)
        // Passed through, the extension is agreed on end to end: both sides use RSV1 and we only look at headers.
        let isPassedThrough = plan.route.passesExtensions && accepted.extensions != nil
        let clientLeg = leg(.client, client, plan.agreement, isPassedThrough: isPassedThrough)
        let backendLeg = leg(.backend, backend, agreedBehind, isPassedThrough: isPassedThrough)
        let facts = SessionFacts(
            client: address, host: plan.host, path: plan.path, requestID: plan.requestID,
            words: ClientWords(plan.head.fields),
            upstream: plan.upstream, backend: chosen.name,
            subprotocol: accepted.subprotocol?.description ?? "",
            extensions: plan.extensions(accepted) ?? "", backendExtensions: agreedBehind?.answer ?? "",
            began: worker.loop.now)
        chosen.state.sessionBegan()
        return Session(
            client: clientLeg, backend: backendLeg, route: plan.route, facts: facts, worker: worker,
            onBackendEnd: { [state = chosen.state] in state.sessionEnded() }, onEnd: onEnd)
    }

    private var controlRate: RateLimit { RateLimit(perSecond: plan.route.limits.controlFramesPerSecond) }

    private func leg(
        _ peer: SessionSide, _ transport: any ByteTransport, _ agreement: DeflateAgreement?,
        isPassedThrough: Bool
    ) -> Leg {
        let frames = FrameReader(
            fromClient: peer == .client, limits: limits(of: peer).frames,
            allowsCompression: agreement != nil || isPassedThrough, inflates: agreement != nil)
        return Leg(
            peer, transport: transport, frames: frames, compression: compression(peer, agreement),
            progress: Progress(plan.route.timeouts, on: worker.loop), controlRate: controlRate, worker: worker
        )
    }

    private func limits(of peer: SessionSide) -> Route.PeerLimits {
        peer == .client ? plan.route.limits.client : plan.route.limits.backend
    }

    private func compression(_ peer: SessionSide, _ agreement: DeflateAgreement?) -> LegCompression? {
        guard let agreement, let options = plan.compression else { return nil }
        let (incoming, outgoing) =
            peer == .client
            ? (agreement.fromClient, agreement.fromServer) : (agreement.fromServer, agreement.fromClient)
        return LegCompression(
            incoming: incoming, outgoing: outgoing, options, limits: limits(of: peer).inflate,
            sampler: worker.sampler(for: plan.route, towards: peer), arena: worker.contextMemory.arena,
            now: worker.loop.now)
    }
}
