internal import Configuration
internal import EventLoop
internal import HTTP2Protocol
internal import HTTPProtocol

/// Where the session is that a client comes back to, if it is somewhere else.
enum SessionHome {
    case worker(Mailbox)
    case process(DescriptorLine, worker: Int)
}

/// A request that another worker is to answer, with the connection that it came by.
struct MovedRequest: Sendable {
    let connection: MovedConnection
    let head: RequestHead
    /// What came behind the head.
    let early: [UInt8]
    let peer: String
    let listener: ListenerFacts
    /// Why the process that gave the token has no session for it; nil where nobody has looked yet.
    var refusal: ResumeRefusal?
    /// It came from another process.
    var isPassed = false
}

extension ClientContext {
    /// Where the session is that a client comes back to, if that is not this worker. Nothing is moved for a token that was
    /// not given by us.
    ///
    /// - Parameter transport: of the client. To another process a connection goes with our records or in plain text alone.
    func home(of plan: UpgradePlan, _ transport: StreamConnection) -> SessionHome? {
        guard let token = plan.resume?.claim?.token, token.isSealed(with: generation.family.key) else {
            return nil
        }
        guard token.process != generation.family.process else {
            guard token.session.worker != index else { return nil }
            return generation.workers.mailbox(token.session.worker).map { .worker($0) }
        }
        guard transport.isPortable, let line = generation.family.line(to: token.process) else { return nil }
        return .process(line, worker: token.session.worker)
    }

    /// Goes on with a request that came to another worker or process, or to this one and could not go where it should.
    func take(_ moved: MovedRequest) {
        guard let connection = StreamConnection(moved.connection, on: self) else { return }
        let client = ClientConnection(connection, address: moved.peer, listener: moved.listener, worker: self)
        client.sniffer = nil
        client.passedBack = moved.refusal
        client.passedHead = moved.isPassed ? moved.head : nil
        if moved.isPassed { connection.place = place(ofPassed: moved.peer) }
        admit(client)
        client.goOn(with: moved.head, early: moved.early)
    }

    /// Of a connection that another process has let in, which gives its own place back. It counts here with those that came
    /// before, and is not refused: there are no more of its kind than sessions that had a connection each.
    private func place(ofPassed address: String) -> ConnectionPlace? {
        guard configuration.limits.clientConnectionsPerClient > 0,
            !configuration.trustedProxies.contains(address), let key = ClientKey(address)
        else { return nil }
        return generation.clients.enter(key, most: .max)
    }
}

extension ClientConnection {
    /// Gives the connection, with the request under way, to the one that can answer it.
    func move(to home: SessionHome, _ head: RequestHead) {
        // The call that brought the head is not over yet.
        worker.loop.nextTurn { [weak self] in self?.moveNow(to: home, head) }
    }

    private func moveNow(to home: SessionHome, _ head: RequestHead) {
        guard let moved = moveOut(head) else { return }
        switch home {
        case .worker(let mailbox): mailbox.post { loop in (loop.owner as? ClientContext)?.take(moved) }
        case .process(let line, let index): pass(moved, on: line, to: index, otherwise: .unknown)
        }
    }

    /// This process has no session for the client, and does not accept any more: the one that does gives it a fresh one.
    /// False where there is no such process.
    func passBack(_ refusal: ResumeRefusal) -> Bool {
        guard let head = passedHead, let line = worker.generation.family.newest, transport.isPortable else {
            return false
        }
        leaveRoute()
        worker.loop.nextTurn { [weak self] in
            guard let self, var moved = moveOut(head) else { return }
            moved.refusal = refusal
            pass(moved, on: line, to: nil, otherwise: refusal)
        }
        return true
    }

    private func moveOut(_ head: RequestHead) -> MovedRequest? {
        guard position >= 0, phase == .upgrade else { return nil }
        transport.limitReads(to: nil)
        // One that can't go now comes again.
        guard let connection = transport.moveOut() else {
            end("its session is on another worker")
            return nil
        }
        record = nil
        phase = .over
        headCharge.set(0)
        arm(0)
        worker.metrics.add(.resumeMoves)
        let moved = MovedRequest(
            connection: connection, head: head, early: takeEarly(), peer: peer, listener: listener)
        worker.forget(self)
        return moved
    }

    /// - Parameter refusal: what the client is told where the other process takes nothing.
    private func pass(
        _ moved: MovedRequest, on line: DescriptorLine, to index: Int?, otherwise refusal: ResumeRefusal
    ) {
        guard !PassedRequest(moved, worker: index).send(on: line, at: worker.loop.now) else { return }
        var moved = moved
        moved.refusal = refusal
        worker.take(moved)
    }
}

extension HTTP2Request {
    /// Its connection carries other streams and stays: the client is asked to come by HTTP/1.1 (RFC 9113, 7). Who asks
    /// again by HTTP/2 (Firefox) is told by GOAWAY to do it on another connection, and finds that one without WebSockets.
    func move(to home: SessionHome, _ head: RequestHead) {
        givenUp("its session is on another worker: to be asked for by HTTP/1.1")
        stream.reset(.http11Required)
        client.worker.generation.strays.note(client.address, at: client.worker.loop.now)
        client.drain()
    }
}
