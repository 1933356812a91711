internal import Access
internal import EventLoop
internal import Telemetry

// What operators are told of sessions: the workers do what is asked, and say what has become of it.
extension ProxyServer {
    func answer(_ call: SessionCall, _ done: @escaping (AdminResponse) -> Void) {
        guard let admin else { return done(.starting) }
        switch call {
        case .list(let filter, let limit):
            let stream = admin.list(filter, limit: limit, workers: mailboxes.count)
            done(AdminResponse(200, "", contentType: "application/json", stream: stream))
        case .show(let id):
            admin.ask(worker: id.worker) { worker, answer in
                answer(worker.session(id)?.description.text)
            } _: { (text: String??) in
                done(
                    (text ?? nil).map { AdminResponse(200, $0, contentType: "application/json") }
                        ?? .noSession)
            }
        case .end(let id, let words):
            admin.ask(worker: id.worker) { worker, answer in
                answer(worker.end(id, words))
            } _: { [logs] (isThere: Bool?) in
                guard isThere == true else { return done(.noSession) }
                logs.log.tell(.sessionsClosed("id=\(id)", words, count: 1))
                done(.counting([AdminCount(name: "sessions", value: 1)]))
            }
        case .close(let filter, let words, let rate): close(filter, words, rate, admin, done)
        case .send(let filter, let message): send(message, filter, admin, done)
        case .renew(let id, let token):
            admin.ask(worker: id.worker) { worker, answer in
                worker.renew(id, token: token, answer)
            } _: { (outcome: OnRenewal?) in
                done(AdminResponse(outcome ?? .unknown))
            }
        }
    }

    private func close(
        _ filter: SessionFilter, _ words: CloseWords, _ rate: Int?, _ admin: AdminService,
        _ done: @escaping (AdminResponse) -> Void
    ) {
        let order = CloseOrder(filter, words, rate: rate, now: loop.now)
        admin.ask({ worker, answer in answer(worker.close(order)) }) { [logs] (counts: [Int]?) in
            guard let counts else { return done(.silent) }
            let count = counts.reduce(0, +)
            logs.log.tell(.sessionsClosed(filter.description, words, count: count))
            done(.counting([AdminCount(name: "sessions", value: count)]))
        }
    }

    private func send(
        _ message: SessionMessage, _ filter: SessionFilter, _ admin: AdminService,
        _ done: @escaping (AdminResponse) -> Void
    ) {
        admin.ask { worker, answer in
            answer(Announcement(message, on: worker).begin(filter))
        } _: { [logs] (outcomes: [Announcement.Outcome]?) in
            guard let outcomes else { return done(.silent) }
            let sessions = outcomes.reduce(0) { $0 + $1.sessions }
            let sent = outcomes.reduce(0) { $0 + $1.sent }
            logs.log.tell(.messageOrdered(filter.description, message, sessions: sessions))
            done(
                .counting([
                    AdminCount(name: "sessions", value: sessions), AdminCount(name: "sent", value: sent),
                    AdminCount(name: "waiting", value: sessions - sent),
                ]))
        }
    }

    // MARK: Revocations

    func answer(_ call: RevocationCall, _ done: @escaping (AdminResponse) -> Void) {
        let now = ProcessFacts.wallClock()
        switch call {
        case .list:
            revocations.prune(now: now)
            done(AdminResponse(200, revocations.shown.text, contentType: "application/json"))
        case .add(let revocation, let lasting):
            guard handOver == nil else { return done(.handingOver) }
            let until = now + max(lasting ?? Self.revocationTime, state.tokenLives.longest)
            guard revocations.add(revocation, until: until, now: now) else {
                return done(.tooManyRevocations)
            }
            spread(done) { [logs] closed in
                logs.log.tell(.revoked(revocation.description, until: until, closed: closed))
                return .json([("until", .number(until)), ("sessions", .integer(closed))])
            }
        case .remove(let revocation):
            guard handOver == nil else { return done(.handingOver) }
            guard revocations.remove(revocation) else {
                return done(
                    AdminResponse(404, "no such revocation; GET /revocations lists those that count\n"))
            }
            spread(done) { [logs] _ in
                logs.log.tell(.revocationTakenBack(revocation.description))
                return .json([("removed", 1)])
            }
        }
    }

    /// How long a revocation is kept at least where nothing else is said, in seconds.
    private static let revocationTime = 86_400.0

    /// Keeps what counts now, tells all workers, and answers when they know.
    private func spread(
        _ done: @escaping (AdminResponse) -> Void, _ response: @escaping (Int) -> AdminResponse
    ) {
        guard let admin else { return done(.starting) }
        let list = revocations
        let isKept = keepRevocations()
        tellElders()
        admin.ask({ worker, answer in answer(worker.adopt(list)) }) { (counts: [Int]?) in
            let told = counts.map { response($0.reduce(0, +)) } ?? .silent
            done(isKept ? told : .notKept)
        }
    }

    /// Those that a process before this one kept.
    func takeRevocations() {
        take(current.revocations?.kept ?? [])
    }

    /// Adds those of before to what counts now.
    func take(_ kept: [RevocationFile.Kept]) {
        let now = ProcessFacts.wallClock()
        let left = kept.count { $0.until > now && !revocations.add($0.revocation, until: $0.until, now: now) }
        if left > 0 {
            logs.log.tell(.warned("\(left) revocations don't fit beside those that count already"))
        }
    }

    /// Writes those that count into their file. False where that fails.
    @discardableResult
    func keepRevocations() -> Bool {
        guard let file = current.revocations else { return true }
        do throws(SystemError) {
            try file.write(revocations)
            return true
        } catch {
            logs.log.tell(.warned("cannot write revocations to '\(file.path)': \(error.reason)"))
            return false
        }
    }
}

extension AdminResponse {
    static var starting: AdminResponse { AdminResponse(503, "starting\n") }
    static var silent: AdminResponse { AdminResponse(503, "a worker does not answer\n") }
    fileprivate static var tooManyRevocations: AdminResponse {
        AdminResponse(
            507,
            "there is no room: \(RevocationList.most) revocations are kept, and \(RevocationList.mostBytes) bytes of what they name\n"
        )
    }
    fileprivate static var notKept: AdminResponse {
        AdminResponse(500, "it counts, but could not be written to the file of 'revocations': see the log\n")
    }
    fileprivate static var noSession: AdminResponse { AdminResponse(404, "no such session\n") }
    static var handingOver: AdminResponse {
        AdminResponse(503, "handing over to another process: ask again in a moment\n")
    }

    fileprivate static func json(_ members: [(String, Telemetry.JSONValue)]) -> AdminResponse {
        AdminResponse(200, Telemetry.JSONValue.object(members).text, contentType: "application/json")
    }

    fileprivate init(_ outcome: OnRenewal) {
        switch outcome {
        case .renewed(let end): self = .json([("expires_at", .seconds(end))])
        case .refused(let refusal): self.init(403, "\(refusal.reason) (\(refusal.word))\n")
        case .noToken: self.init(409, "this session lives by no token\n")
        case .unknown: self = .noSession
        }
    }
}
