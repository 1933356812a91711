internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol

/// A request that another worker is to answer, with the connection that it came by.
struct MovedRequest: Sendable {
    let connection: MovedConnection
    let head: RequestHead
    /// What came behind the head.
    let early: [UInt8]
    let peer: String
    let listener: ListenerFacts
}

extension ClientContext {
    /// The worker that has the session that a client comes back to, where that is another one.
    func home(of plan: UpgradePlan) -> Mailbox? {
        guard let token = plan.resume?.claim?.token, token.session.worker != index else { return nil }
        return generation.workers.mailbox(token.session.worker)
    }

    /// Goes on with a request that came to another worker.
    func take(_ moved: MovedRequest) {
        guard let connection = StreamConnection(moved.connection, on: self) else { return }
        let client = ClientConnection(connection, address: moved.peer, listener: moved.listener, worker: self)
        client.sniffer = nil
        admit(client)
        client.goOn(with: moved.head, early: moved.early)
    }
}

extension ClientConnection {
    /// Gives the connection, with the request under way, to the worker that can answer it.
    func move(to home: Mailbox, _ head: RequestHead) {
        // The call that brought the head is not over yet.
        worker.loop.nextTurn { [weak self] in self?.moveNow(to: home, head) }
    }

    private func moveNow(to home: Mailbox, _ head: RequestHead) {
        guard position >= 0, phase == .upgrade else { return }
        transport.limitReads(to: nil)
        // One that can't go now comes again.
        guard let connection = transport.moveOut() else { return end("its session is on another worker") }
        record = nil
        phase = .over
        headCharge.set(0)
        arm(0)
        let moved = MovedRequest(
            connection: connection, head: head, early: takeEarly(), peer: peer, listener: listener)
        worker.metrics.add(.resumeMoves)
        worker.forget(self)
        home.post { loop in (loop.owner as? ClientContext)?.take(moved) }
    }
}

extension HTTP2Request {
    /// Its connection carries other streams and stays: the client is asked to come by HTTP/1.1 (RFC 9113, 7). Who asks
    /// again by HTTP/2 (Firefox) is told by GOAWAY to do it on another connection, which may come to the right worker.
    func move(to home: Mailbox, _ head: RequestHead) {
        givenUp("its session is on another worker: to be asked for by HTTP/1.1")
        stream.reset(.http11Required)
        client.drain()
    }
}
