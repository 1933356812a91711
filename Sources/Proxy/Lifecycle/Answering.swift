internal import Configuration
internal import EventLoop
internal import Telemetry

// What the admin listener answers. Orders are carried out here and now; pages wait for the workers' counts.
extension ProxyServer: AdminHost {
    var rules: AdminRules { current.adminRules }
    var isReady: Bool { isServing && undrainedWorkers == nil }

    func answer(_ call: AdminCall, done: @escaping (AdminResponse) -> Void) {
        switch call {
        case .index: done(AdminResponse(200, AdminCall.list))
        case .health: done(AdminResponse(200, "ok\n"))
        case .ready:
            let word = isReady ? "ready\n" : isServing ? "draining\n" : "starting\n"
            done(AdminResponse(isReady ? 200 : 503, word))
        case .certificatesReady:
            guard isReady else { return answer(.ready, done: done) }
            done(
                hasCertificates
                    ? AdminResponse(200, "ready\n") : AdminResponse(503, "certificates are missing\n"))
        case .renew, .revoke, .changeAccountKey: order(call, done: done)
        case .metrics, .status: answerPage(call, done)
        case .reload: done(answer(reload()))
        case .drain(let selection, let rate):
            done(
                answer(drain(selection, rate: rate), selection, "draining \(selection) at \(rate) a second\n")
            )
        case .wake(let id):
            onWorkers { $0.wake(session: id) }
            done(AdminResponse(200, "waking '\(id)', where it hibernates\n"))
        case .undrain(let selection): done(answer(undrain(selection), selection, "undrained \(selection)\n"))
        case .sessions(let call): answer(call, done)
        case .revocations(let call): answer(call, done)
        }
    }

    private func answerPage(_ call: AdminCall, _ done: @escaping (AdminResponse) -> Void) {
        guard let admin else { return done(AdminResponse(503, "starting\n")) }
        admin.collect { [unowned self] sets in
            guard let sets else {
                return done(.silent)
            }
            if case .metrics = call {
                let text = Exposition.text(shownMetrics(sets), catalogue: Metric.catalogue)
                done(AdminResponse(200, text, contentType: Exposition.contentType))
            } else {
                done(AdminResponse(200, status(sets).text, contentType: "application/json"))
            }
        }
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
