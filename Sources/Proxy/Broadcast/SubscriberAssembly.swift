internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import WebSocketProtocol

// The one place where the parts of a subscription are joined.
extension Feed {
    /// Takes a client in that has been answered: from here on it receives the feed.
    func subscribe(
        _ transport: any ByteTransport, address: String, _ plan: UpgradePlan, early: [UInt8],
        onEnd: @escaping () -> Void
    ) {
        let peer = WebSocketPeer(
            .client, transport, frames: plan.route.limits.client.frames,
            plan.agreement == nil ? .none : .inflated, route: plan.route, worker: worker)
        if let keyed = plan.keyed {
            peer.isMetered(by: KeyedMeter(keyed.places, .client, worker.keyedShares))
        }
        let facts = SessionFacts(
            client: address, backend: backendName, began: worker.loop.now,
            texts: PackedTexts(
                SessionTexts(
                    host: plan.host, path: plan.path, requestID: plan.requestID,
                    words: ClientWords(plan.head.fields),
                    subprotocol: accepted?.subprotocol?.description ?? "",
                    extensions: plan.agreement?.answer ?? "", backendExtensions: "")))
        let subscriber = Subscriber(peer, of: self, plan: plan, facts: facts, worker: worker, onEnd: onEnd)
        subscriber.bearer = BearerRecord.of(plan.admission)
        subscriber.lease = SessionLease.of(plan.admission, on: worker)
        subscriber.begin(early: early)
    }
}
