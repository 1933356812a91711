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
    let backend: String
    let subprotocol: String
    let extensions: String
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
        let route = plan.route
        // Passed through, the extension is agreed on end to end: both sides use RSV1 and we only look at headers.
        let isPassedThrough = accepted.extensions != nil
        let clientLeg = Leg(
            .client, transport: client,
            frames: FrameReader(
                fromClient: true,
                limits: plan.agreement == nil
                    ? route.limits.frames : route.limits.frames.forCompressedPayload,
                allowsCompression: plan.agreement != nil || isPassedThrough),
            keepalive: keepalive(), controlRate: controlRate, worker: worker)
        let backendLeg = Leg(
            .backend, transport: backend,
            frames: FrameReader(
                fromClient: false, limits: route.limits.frames, allowsCompression: isPassedThrough),
            keepalive: keepalive(), controlRate: controlRate, worker: worker)
        let facts = SessionFacts(
            client: address, host: plan.host, path: plan.path, requestID: plan.requestID,
            backend: chosen.name,
            subprotocol: accepted.subprotocol ?? "",
            extensions: plan.agreement?.answer ?? accepted.extensions ?? "",
            began: worker.loop.now)
        chosen.state.sessionBegan()
        return Session(
            client: clientLeg, backend: backendLeg, route: route, facts: facts, compression: compression(),
            worker: worker, onBackendEnd: { [state = chosen.state] in state.sessionEnded() }, onEnd: onEnd)
    }

    private var controlRate: RateLimit { RateLimit(perSecond: plan.route.limits.controlFramesPerSecond) }

    private func compression() -> EdgeCompression? {
        guard let agreement = plan.agreement, let options = plan.compression else { return nil }
        return EdgeCompression(
            agreement, options, limits: plan.route.limits.inflate,
            sampler: worker.sampler(for: plan.route))
    }

    /// Jittered, so that sessions that began together are not pinged together.
    private func keepalive() -> Keepalive {
        let timeouts = plan.route.timeouts
        return Keepalive(
            interval: worker.loop.random.jittered(timeouts.pingInterval, by: 0.1),
            timeout: timeouts.pongTimeout,
            now: worker.loop.now)
    }
}
