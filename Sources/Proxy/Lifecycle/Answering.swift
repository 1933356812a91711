internal import Configuration
internal import EventLoop
internal import Telemetry

// What the admin listener answers. Orders are carried out here and now; pages wait for the workers' counts.
extension ProxyServer: AdminHost {
    var rules: AdminRules { current.adminRules }
    var isReady: Bool { isServing && !ending.isUnderWay }

    func answer(
        _ call: AdminCall, to request: AdminRequest, done: @escaping (AdminResponse) -> Void
    ) {
        // What another process does not learn of is no order: it comes again, to that one.
        guard !ending.hasSuccessor, handOver == nil || !call.isHandedOver else { return done(.handingOver) }
        let elders = state.family.elders
        guard !elders.isEmpty, call.reachesElders else { return answerHere(call, done) }
        switch call {
        case .status: order(request, of: elders) { [unowned self] in status($0, silent: $1, done) }
        case .sessions(.list(let filter, let limit)): list(filter, limit, elders, request, done)
        default:
            answerHere(call.shared(by: elders.count + 1)) { [weak self] own in
                guard let self else { return }
                order(request, of: elders) { answers, silent in
                    done(FamilyAnswers(own: own, others: answers, silent: silent).merged(call))
                }
            }
        }
    }

    /// Does what is ordered of this process.
    func answerHere(_ call: AdminCall, _ done: @escaping (AdminResponse) -> Void) {
        switch call {
        case .index: done(AdminResponse(200, AdminCall.list))
        case .health: done(AdminResponse(200, "ok\n"))
        case .ready:
            let word = isReady ? "ready\n" : isServing ? "draining\n" : "starting\n"
            done(AdminResponse(isReady ? 200 : 503, word))
        case .certificatesReady:
            guard isReady else { return answerHere(.ready, done) }
            done(
                hasCertificates
                    ? AdminResponse(200, "ready\n") : AdminResponse(503, "certificates are missing\n"))
        case .renew, .revoke, .changeAccountKey: order(call, done: done)
        case .metrics: answerMetrics(done)
        case .status: status([], silent: [], done)
        case .reload: done(answer(reload()))
        case .drain(let selection, let rate):
            done(
                answer(drain(selection, rate: rate), selection, "draining \(selection) at \(rate) a second\n")
            )
        case .wake(let id):
            if let name = ContinuityName(id) { onWorkers { _ = $0.wake(session: name) } }
            done(AdminResponse(200, "waking '\(id)', where it hibernates\n"))
        case .undrain(let selection): done(answer(undrain(selection), selection, "undrained \(selection)\n"))
        case .sessions(let call): answer(call, done)
        case .revocations(let call): answer(call, done)
        }
    }

    private func answerMetrics(_ done: @escaping (AdminResponse) -> Void) {
        collect(done) { server, sets in
            AdminResponse(
                200, Exposition.text(server.shownMetrics(sets), catalogue: Metric.catalogue),
                contentType: Exposition.contentType)
        }
    }

    /// - Parameter answers: of processes that linger.
    private func status(
        _ answers: [FamilyAnswer], silent: [Int], _ done: @escaping (AdminResponse) -> Void
    ) {
        collect(done) { server, sets in
            let text = server.status(sets, elders: answers, silent: silent).text
            return AdminResponse(200, text, contentType: "application/json")
        }
    }

    private func collect(
        _ done: @escaping (AdminResponse) -> Void,
        _ page: @escaping (ProxyServer, [MetricSet]) -> AdminResponse
    ) {
        guard let admin else { return done(.starting) }
        admin.collect { [unowned self] sets in done(sets.map { page(self, $0) } ?? .silent) }
    }

    /// Sessions of this process, then those of each that lingers.
    private func list(
        _ filter: SessionFilter, _ limit: Int, _ elders: [ProcessFamily.Elder], _ request: AdminRequest,
        _ done: @escaping (AdminResponse) -> Void
    ) {
        guard let admin else { return done(.starting) }
        let asks = elders.map { elder -> SessionListStream.AskElder in
            { [weak self] limit, took in
                guard let self else { return }
                order(request, of: [elder], limit: limit) { took($0.first, $1) }
            }
        }
        let stream = admin.list(filter, limit: limit, workers: mailboxes.count, elders: asks)
        done(AdminResponse(200, "", contentType: "application/json", stream: stream))
    }

    private func answer(_ outcome: OnReload) -> AdminResponse {
        switch outcome {
        case .reloaded(let warnings):
            AdminResponse(200, (["reloaded"] + warnings).map { $0 + "\n" }.joined())
        case .refused(let complaints): AdminResponse(400, complaints.map { $0 + "\n" }.joined())
        }
    }

    private func answer(
        _ outcome: OnDrainOrder, _ selection: DrainSelection, _ words: String
    ) -> AdminResponse {
        switch outcome {
        case .draining: AdminResponse(200, words)
        case .handingOver: .handingOver
        case .unknown(let known):
            AdminResponse(404, "no \(selection), known are: \(known.joined(separator: ", "))\n")
        }
    }
}

extension DrainSelection: CustomStringConvertible {
    /// In words.
    package var description: String {
        switch self {
        case .route(let name): "route '\(name)'"
        case .upstream(let name): "upstream '\(name)'"
        case .backend(let address, nil): "backend '\(address)'"
        case .backend(let address, let upstream?): "backend '\(address)' of upstream '\(upstream)'"
        }
    }
}
