internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate

/// Serves one request of a client, whichever version of HTTP it came by: a request takes a place on its route and is
/// answered, carried to a backend, or becomes a session.
///
/// What the versions have in common is here; each brings its own way of answering.
protocol RequestServer: AnyObject {
    typealias TakeOver = (any ByteTransport, _ early: [UInt8], _ onEnd: @escaping () -> Void) -> Void

    var worker: ClientContext { get }
    var listener: ListenerFacts { get }
    /// The connection's other end.
    var peer: String { get }
    /// The client's: the peer's, or what a trusted peer says of the request under way.
    var address: String { get set }
    /// The certificate that it has proved to hold.
    var certificate: ForwardedCertificate? { get }
    /// What carries the request.
    var transport: StreamConnection { get }
    /// 1 or 2.
    var httpVersion: Int { get }
    /// The request that is being served, until its line is written.
    var record: RequestRecord? { get set }
    /// The plain request that is carried to a backend.
    var exchange: Exchange? { get }
    /// Gives the place on the route back.
    var leave: (() -> Void)? { get set }
    /// The backend that is asked for a WebSocket.
    var attempt: (any PendingUpgrade)? { get set }

    /// Answers with what a fault says, and writes the line.
    func refuse(_ fault: Fault, host: String?, path: String?)
    /// Answers by the route itself.
    func respond(_ response: RouteResponse, to head: RequestHead)
    /// The request's place on its route is taken.
    func entered(_ route: Route)
    /// Carries a plain request to a backend.
    func begin(_ plan: RequestPlan)
    /// Answers that the WebSocket is open, and hands over the transport, what the client sent early, and what is to be
    /// done at the end.
    func begin(_ plan: UpgradePlan, _ accepted: AcceptedUpgrade, _ takeOver: TakeOver)
    /// Why it gets no session that was before, where another process has looked.
    var passedBack: ResumeRefusal? { get }
    /// Has another worker or process answer the request, by its head as it came.
    func move(to home: SessionHome, _ head: RequestHead)
    /// Has the process that accepts answer it. False where this one has to.
    func passBack(_ refusal: ResumeRefusal) -> Bool
    /// Passes on a backend's answer to an upgrade that it refused, of which the head has come.
    func pass(
        _ request: any UpstreamRequest, _ head: ResponseHead, from backend: Backend,
        refusing plan: UpgradePlan)
}

extension RequestHead {
    /// Bytes that are kept of a request until it is answered: as it came, and as it is sent on.
    var keptUnderWay: Int { 2 &* keptBytes }
}

extension RequestServer {
    /// Decides what becomes of the request, and begins it.
    func route(_ asked: RequestHead) {
        var judged = asked
        let client = KnownClient(
            judging: &judged, from: peer, trusting: worker.configuration.trustedProxies,
            underscores: worker.configuration.underscoreFields)
        // What is kept for later is no variable, which would be an object of its own.
        let head = consume judged
        address = client.address
        let requestID = Forwarding.acceptableID(head.fields) ?? worker.requestID()
        record = RequestRecord(
            head, client: client.address, http: httpVersion, requestID: requestID, began: worker.loop.now,
            masks: worker.log.masks)
        guard !isAnswered(head, cameSecurely: client.cameSecurely) else { return }
        var step = RouteStep(
            generation: worker.generation, table: worker.routes, head: head, client: client,
            connection: connectionFacts,
            listener: listener.label, memoryPressure: worker.contextMemory.pressure)
        switch step.decide(requestID: requestID) {
        case .refuse(let fault): refuse(fault, host: head.fields.first(.host), path: head.target.text)
        case .respond(let response, let question):
            self.record?.route = response.route
            pass(question) { [weak self] _, _, edits in self?.answer(response, to: head, edits) }
        case .exchange(let plan): pass(plan)
        case .upgrade(let plan):
            guard passedBack == nil, let home = worker.home(of: plan, transport) else { return pass(plan) }
            move(to: home, asked)
        }
    }

    /// Whether no route is to be looked for: the answer is the same for all.
    private func isAnswered(_ head: RequestHead, cameSecurely: Bool) -> Bool {
        // No tunnels: of CONNECT only the form that HTTP/2 has for WebSockets is known (RFC 9110, 9.3.6).
        if head.method == "CONNECT" {
            refuse(
                Fault(.request(.methodNotAllowed)), host: head.fields.first(.host), path: head.target.text)
        } else if head.target.isServer {
            answerItself(head)
        } else if listener.tls == nil, let proof = worker.generation.challenges.answer(head.target) {
            // Before routes and redirects: authorities ask in plain HTTP (RFC 8555, 8.3).
            prove(proof, to: head)
        } else if let port = listener.redirectPort, !cameSecurely {
            redirect(head, to: port)
        } else if let fault = lack() {
            refuse(fault, host: head.fields.first(.host), path: head.target.text)
        } else {
            return false
        }
        return true
    }

    /// Whether the server is there, and what it may be asked for at all (RFC 9110, 9.3.7): no backend is meant by that.
    private func answerItself(_ head: RequestHead) {
        answer(
            RouteResponse(
                route: "", status: 204, body: "", contentType: "", bytes: [],
                fields: Refusal.Reason.methodNotAllowed.fields),
            to: head, nil)
    }

    /// What there is no room for, whatever is asked.
    private func lack() -> Fault? {
        if worker.loop.memory.pool.isOver { return Fault(.memory) }
        // Sooner than a session that can't be given its buffers.
        guard !worker.loop.memory.hasHeadroom(at: worker.loop.now) else { return nil }
        let fault = Fault(.noMemory, .system(.noMemory))
        worker.log.tell(.outOf(.memory, for: listener.name, fault))
        return fault
    }

    private func prove(_ proof: String, to head: RequestHead) {
        let answer = RouteResponse(
            route: "acme-challenge", status: 200, body: proof, contentType: "application/octet-stream",
            bytes: Array(proof.utf8))
        respond(answer, to: head)
        worker.log.tell(
            .answered(
                record.take(), status: answer.status, bodyBytes: answer.body.utf8.count,
                at: worker.loop.now))
    }

    private func pass(_ plan: RequestPlan) {
        guard let keyed = enterKeys(of: AccessQuestion(plan), plan.route, isSession: false) else { return }
        guard plan.route.passage != nil else { return go(on: plan, keyed, nil) }
        pass(AccessQuestion(plan)) { [weak self] admission, request, response in
            var plan = plan
            plan.forwarding.edits = request
            plan.responseEdits = response
            self?.go(on: plan, keyed, admission.claims)
        }
    }

    private func pass(_ asked: UpgradePlan) {
        var counted = asked
        if !worker.knows(asked.resume?.claim) {
            guard let keyed = enterKeys(of: AccessQuestion(asked), asked.route, isSession: true) else {
                return
            }
            counted.keyed = keyed.places
        }
        let plan = counted
        guard plan.route.passage != nil else { return go(on: plan) }
        pass(AccessQuestion(plan)) { [weak self] admission, request, response in
            var plan = plan
            plan.admission = admission
            plan.forwarding.edits = request
            plan.responseEdits = response
            plan.entrance = self?.entrance
            self?.go(on: plan)
        }
    }

    private func go(on plan: RequestPlan, _ keyed: EnteredKeys, _ claims: Claims?) {
        if enter(plan.route, keyed.places, claims, host: plan.host, path: plan.path) { begin(plan) }
    }

    private func go(on plan: UpgradePlan) {
        guard var plan = resumes(plan) else { return }
        if plan.keyed == nil, plan.resume?.refusal != nil {
            // It was let pass as one that has its places already.
            guard let keyed = enterKeys(of: AccessQuestion(plan), plan.route, isSession: true) else { return }
            plan.keyed = keyed.places
        }
        let claims = plan.admission?.claims
        if enter(plan.route, plan.keyed, claims, host: plan.host, path: plan.path) { ask(plan) }
    }

    /// Answers by the route itself.
    func answer(_ response: RouteResponse, to head: RequestHead, _ edits: FieldEdits?) {
        var response = response
        if let edits {
            var fields = HeaderFields()
            for field in response.fields { fields.append(field.name, field.value) }
            edits.apply(to: &fields)
            response.fields = fields.list
        }
        respond(response, to: head)
        worker.log.tell(
            .answered(
                record.take(), status: response.status, bodyBytes: response.body.utf8.count,
                at: worker.loop.now))
    }

    private var connectionFacts: Forwarding.Connection {
        Forwarding.Connection(
            isSecure: listener.tls != nil, port: transport.localPort,
            certificate: certificate,
            asksForCertificates: listener.asksForCertificates,
            ends: worker.generation.sendsProxyHeaders ? transport.ends : nil)
    }

    private func redirect(_ head: RequestHead, to port: UInt16) {
        let host = RequestTarget.hostName(head.fields.first(.host) ?? "")
        guard !host.isEmpty else {
            return refuse(Fault(.request(.head(.missingHost))), host: nil, path: head.target.text)
        }
        let location = "https://\(host)\(port == 443 ? "" : ":\(port)")\(head.target.text)"
        refuse(Fault(.useHTTPS(location: location)), host: host, path: head.target.text)
    }

    /// Takes the places that the request's keys give it, before anything is done for it: whoever guesses passwords is
    /// counted too. nil where it was refused.
    private func enterKeys(
        of asked: @autoclosure () -> AccessQuestion, _ route: Route, isSession: Bool
    ) -> EnteredKeys? {
        guard !route.keyed.isEmpty else { return EnteredKeys(places: nil) }
        let question = asked()
        let places = KeyedPlaces(isSession: isSession)
        leave = { places.leave() }
        do throws(Fault) {
            try places.enter(question, client: address, at: worker.loop.now)
            return EnteredKeys(places: places)
        } catch {
            leaveRoute()
            refuse(error, host: question.host, path: question.head.target.text)
            return nil
        }
    }

    private func enter(
        _ route: Route, _ keyed: KeyedPlaces?, _ claims: Claims?, host: String, path: String
    ) -> Bool {
        do throws(Fault) {
            let place = try route.enter(client: address)
            leave = {
                place.leave()
                keyed?.leave()
            }
            if let keyed { try keyed.enter(route.keyed, claims, at: worker.loop.now) }
            record?.route = route.name
            entered(route)
            return true
        } catch {
            leaveRoute()
            refuse(error, host: host, path: path)
            return false
        }
    }

    /// The client has gone before its answer was complete.
    ///
    /// - Parameter cause: how that was seen.
    func givenUp(_ cause: String) {
        guard let record = record.take() else { return }
        let phase = exchange?.phase ?? attempt?.phase ?? .request
        if let exchange {
            worker.log.tell(
                .exchangeGivenUp(record, exchange.given, phase: phase, cause, at: worker.loop.now))
        } else {
            worker.log.tell(.upgradeGivenUp(record, phase: phase, cause, at: worker.loop.now))
        }
    }

    func leaveRoute() {
        leave?()
        leave = nil
    }
}

/// What a request has by its keys; nothing where its route has none.
private struct EnteredKeys {
    let places: KeyedPlaces?
}
