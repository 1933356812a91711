internal import EventLoop
internal import HTTPProtocol

// How an upgrade that has its place on its route becomes a session, or is answered.
extension RequestServer {
    /// Asks for a backend, or for a feed.
    func ask(_ asked: UpgradePlan) {
        let plan = worker.withContinuity(asked)
        // What was begun lets go of this when it has answered or is cancelled.
        attempt = worker.open(plan) { [self] outcome in
            attempt = nil
            switch outcome {
            case .joined(let feed, let accepted): joined(feed, accepted, plan)
            case .answered(let outcome): answered(outcome, plan)
            }
        }
    }

    private func joined(_ feed: Feed, _ accepted: AcceptedUpgrade, _ plan: UpgradePlan) {
        record = nil
        begin(plan, accepted) { transport, early, onEnd in
            feed.subscribe(transport, address: address, plan, early: early, onEnd: onEnd)
        }
    }

    private func answered(_ outcome: UpgradeOutcome, _ plan: UpgradePlan) {
        switch outcome {
        case .accepted(let connection, let backend, let accepted, let backendEarly):
            record = nil
            begin(plan, accepted) { transport, early, onEnd in
                let session = SessionAssembly(plan: plan, accepted: accepted, worker: worker).session(
                    client: transport, address: address, backend: connection, on: backend, onEnd: onEnd)
                session.bearer = BearerRecord.of(plan.admission)
                session.lease = SessionLease.of(plan.admission, on: worker)
                session.begin(clientEarly: early, backendEarly: backendEarly)
            }
        case .refused(let request, let backend, let head):
            worker.log.tell(
                .backendRefused(
                    record.take(), backend: backend.name, status: head.status, at: worker.loop.now))
            pass(request, head, from: backend, refusing: plan)
        case .failed(let fault, _): refuse(fault, host: plan.host, path: plan.path)
        }
    }
}
