internal import Access
internal import EventLoop
internal import HTTPProtocol
internal import TLS

// How a request passes the rules of its route, before it takes a place on it.
extension RequestServer {
    /// Judges a request; `go` runs when it may go on, now or later, with what changes of it and of its answer.
    func pass(
        _ question: AccessQuestion, _ go: @escaping (Admission, FieldEdits?, FieldEdits?) -> Void
    ) {
        guard let passage = question.route.passage else { return go(Admission(), nil, nil) }
        let facts = PassageFacts(question, entrance)
        judge(question, passage) { admission in
            let value = { facts.value($0, admission) }
            go(admission, passage.requestEdits(admission, value), passage.responseEdits(value))
        }
    }

    /// How the request has come in, as far as only its connection says so.
    var entrance: Entrance {
        let tls = transport.tlsFacts
        return Entrance(
            listener: listener.label, isSecure: listener.tls != nil, tlsVersion: tls?.version,
            serverName: tls?.serverName)
    }

    private func judge(
        _ question: AccessQuestion, _ passage: RoutePassage, _ go: @escaping (Admission) -> Void
    ) {
        guard let access = passage.access, !access.isDecidedByAddress else { return go(Admission()) }
        record?.route = question.route.name
        var isDecided = false
        let gate = AccessGate(question, access, worker: worker) { [weak self] outcome in
            isDecided = true
            guard let self else { return }
            attempt = nil
            switch outcome {
            case .admitted(let admission): go(admission)
            case .refused(let fault):
                leaveRoute()
                refuse(fault, host: question.host, path: question.head.target.text)
            case .answered(let response):
                leaveRoute()
                answer(response, to: question.head, nil)
            }
        }
        gate.start()
        if !isDecided { attempt = gate }
    }
}

extension AccessQuestion {
    init(_ plan: RequestPlan) {
        self.init(
            route: plan.route, head: plan.head, forwarding: plan.forwarding, host: plan.host,
            taken: plan.taken)
    }

    init(_ plan: UpgradePlan) {
        self.init(
            route: plan.route, head: plan.head, forwarding: plan.forwarding, host: plan.host,
            taken: plan.taken)
    }
}
