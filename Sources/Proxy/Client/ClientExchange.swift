internal import EventLoop
internal import HTTPProtocol

// Plain requests: what the client's connection does while one of them is carried to a backend and back.
extension ClientConnection: ExchangeClient {
    /// Starts an exchange for a request whose place on the route is taken.
    func begin(_ plan: RequestPlan) {
        guard let upstream = worker.upstream(plan.upstream) else {
            return refuse(Fault(.noBackend), host: plan.host, path: plan.path)
        }
        let responder = HTTP1Responder(
            transport, to: plan.head, mayKeepAlive: !worker.isDraining, edits: plan.responseEdits)
        let exchange = Exchange(
            plan, upstream: upstream, client: self, responder: responder, worker: worker)
        enterExchange(exchange, framing: plan.framing)
        exchange.start()
    }

    func pass(
        _ request: any UpstreamRequest, _ head: ResponseHead, from backend: Backend,
        refusing plan: UpgradePlan
    ) {
        let responder = HTTP1Responder(
            transport, to: plan.head, mayKeepAlive: false, edits: plan.responseEdits)
        enterRefusal(
            Exchange(
                refusedBy: backend, request, plan, client: self, responder: responder, worker: worker))
    }

    func exchangeWantsBody() {
        passEarlyBody()
        guard let exchange, phase == .exchange, !hasEarly else { return }
        if !exchange.isRequestComplete {
            transport.limitReads(to: nil)
        }
        transport.resumeReading()
    }

    func exchangeBodyPaused(_ isPaused: Bool) {
        if isPaused {
            transport.pauseReading()
        } else if !hasEarly {
            transport.resumeReading()
        }
    }

    func exchangeEnded(_ end: ExchangeEnd) {
        logExchange(end)
        switch end {
        case .next: goOn()
        case .last: finishAnswering()
        case .refuse(let fault): refuseExchange(fault)
        case .broken: breakOff()
        }
    }
}
