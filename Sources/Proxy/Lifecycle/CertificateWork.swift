internal import Configuration
internal import EventLoop
internal import TLS
internal import Telemetry

// What the main loop has to do with certificates that the process gets by itself.
extension ProxyServer {
    /// Has the thread that gets certificates follow the configuration; it is started when there is first something to do.
    func keepCertificates() {
        let plan = current.keeping
        tellStandIns()
        if let keeper {
            return keeper.post { loop in (loop.owner as? CertificateKeeper)?.adopt(plan) }
        }
        guard !plan.isEmpty else { return }
        let shelf = current.shelf
        let board = board
        let home = loop.mailbox
        let log = OperationLog(logs.sinks)
        do throws(SystemError) {
            try WorkerThread {
                do {
                    let loop = try EventLoop()
                    let keeper = try CertificateKeeper(loop, shelf: shelf, board: board, log: log) {
                        home.post { loop in
                            (loop.owner as? ProxyServer)?.refresh(because: "certificates")
                        }
                    }
                    let mailbox = loop.mailbox
                    home.post { loop in (loop.owner as? ProxyServer)?.keeperStarted(mailbox) }
                    withExtendedLifetime(keeper) { loop.run() }
                } catch {
                    log.tell(.unavailable("\(error)"))
                }
            }.detach()
        } catch {
            log.tell(.unavailable("\(error)"))
        }
    }

    private func keeperStarted(_ mailbox: Mailbox) {
        keeper = mailbox
        let plan = current.keeping
        mailbox.post { loop in (loop.owner as? CertificateKeeper)?.adopt(plan) }
    }

    /// Says where clients get a certificate that none of them trusts.
    private func tellStandIns() {
        let log = OperationLog(logs.sinks)
        for listener in current.configuration.listeners {
            for name in listener.tls?.issuedNames ?? [] where current.shelf.issued(name.value) == nil {
                log.tell(.standsIn(listener.address.value.description, name.value))
            }
        }
    }

    /// Whether every name has a certificate that clients take.
    var hasCertificates: Bool {
        let now = ProcessFacts.wallClock()
        return current.configuration.issuedNames.allSatisfy { name in
            current.shelf.issued(name).map { $0.notAfter > now } ?? false
        }
    }

    // MARK: Orders

    /// Carries an order out on the thread that gets certificates.
    func order(_ call: AdminCall, done: @escaping (AdminResponse) -> Void) {
        guard let keeper, current.keeping.authority != nil else {
            return done(
                AdminResponse(404, "no certificates are asked for: the configuration has no 'acme'\n"))
        }
        let id = orders.add(done)
        // The caller is not kept waiting for a slow authority.
        _ = loop.schedule(
            OrderTimer { [unowned self] in
                orders.take(id)?(
                    AdminResponse(202, "it takes longer; GET /status shows what comes of it\n"))
            }, kind: 0, after: .seconds(8))
        let home = loop.mailbox
        let answer: @Sendable (CertificateOrderOutcome) -> Void = { outcome in
            home.post { loop in (loop.owner as? ProxyServer)?.ordered(id, outcome) }
        }
        keeper.post { loop in
            guard let keeper = loop.owner as? CertificateKeeper else { return }
            switch call {
            case .renew(let name): answer(keeper.renew(name))
            case .revoke(let name, let reason): keeper.revoke(name, reason: reason, done: answer)
            case .changeAccountKey: keeper.changeKey(done: answer)
            default: answer(.failed("no such order\n"))
            }
        }
    }

    private func ordered(_ id: UInt64, _ outcome: CertificateOrderOutcome) {
        let response =
            switch outcome {
            case .done(let words): AdminResponse(200, words)
            case .unknown(let names):
                AdminResponse(404, "no such certificate, known are: \(names.joined(separator: ", "))\n")
            case .failed(let words): AdminResponse(502, words)
            }
        orders.take(id)?(response)
    }

    // MARK: What is shown

    var acmeStatus: JSONValue {
        guard let authority = current.keeping.authority else { return .null }
        return .object([
            ("directory", .string(authority.directory)), ("storage", .string(authority.storage)),
            ("certificates", .array(board.standings.map(standing))),
        ])
    }

    private func standing(_ standing: CertificateStanding) -> JSONValue {
        let now = ProcessFacts.wallClock()
        return .object([
            ("name", .string(standing.name)), ("ready", .flag(standing.isReady(at: now))),
            ("expires", .optional(standing.expires.map(WallTime.text(at:)))),
            ("due", .string(WallTime.text(at: standing.due))),
            ("activity", .optional(standing.activity)), ("failures", .integer(standing.failures)),
            ("last_error", .optional(standing.lastError)),
            ("last_error_at", .optional(standing.lastErrorAt.map(WallTime.text(at:)))),
            ("suggested_from", .optional(standing.window.map { WallTime.text(at: $0.start) })),
        ])
    }

    func addAcme(to all: inout MetricSet) {
        let now = ProcessFacts.wallClock()
        for standing in board.standings {
            all.set(.acmeReady, [standing.name], to: standing.isReady(at: now) ? 1 : 0)
            all.set(.acmeDue, [standing.name], to: standing.due.rounded())
            all.set(
                .acmeFailures, [standing.name, standing.failures > 0 ? standing.lastErrorWord ?? "" : ""],
                to: Double(standing.failures))
        }
        for (outcome, count) in board.outcomes { all.add(.acmeRenewals, [outcome], by: count) }
        for (outcome, count) in board.staples { all.add(.staples, [outcome], by: count) }
    }
}

private final class OrderTimer: TimerTarget {
    private let work: () -> Void
    init(_ work: @escaping () -> Void) { self.work = work }
    func timerFired(_ kind: UInt8) { work() }
}
