internal import ACME
internal import EventLoop
internal import TLS

/// Gets certificates and renews them, on a thread that is none of the data plane: it may wait for disks and for
/// authorities. What it has got it puts on the shelf, and tells the main loop.
///
/// It asks for one thing at a time, and holds the storage's lock meanwhile: authorities count what is asked, and processes
/// that share the storage share what was answered.
final class CertificateKeeper: TimerTarget {
    private static let tick: UInt64 = 1_000_000_000
    /// Folders on a network tell nothing of changes.
    private static let lookInterval = 10

    let client: HTTPClient
    let desk: AuthorityDesk
    let shelf: CertificateShelf
    let board: CertificateBoard
    let log: OperationLog
    /// Tells the main loop that what is served has changed.
    let changed: @Sendable () -> Void
    private(set) var plan = KeeperPlan(authority: nil, names: [], stapled: [])
    var jobs: [RenewalJob] = []
    private var run: IssueRun?
    /// A call is under way, or an issue.
    private(set) var activity: (name: String, words: String)?
    private var lock: PrivateFolder.Lock?
    private var watch: FolderWatch?
    private var ticks = 0
    /// When it is asked which key the account has; nil = that is known.
    var settleDue: Double?
    private(set) lazy var staples = StapleKeeper(self)

    /// On the thread that will run the loop.
    init(
        _ loop: EventLoop, shelf: CertificateShelf, board: CertificateBoard, log: OperationLog,
        changed: @escaping @Sendable () -> Void
    ) throws(TLSError) {
        client = try HTTPClient(on: loop)
        desk = AuthorityDesk(client)
        self.shelf = shelf
        self.board = board
        self.log = log
        self.changed = changed
        loop.owner = self
        watch = try? FolderWatch(on: loop) { [unowned self] in look() }
        _ = loop.schedule(self, kind: 0, after: Self.tick)
    }

    var loop: EventLoop { client.loop }
    var now: Double { ProcessFacts.wallClock() }
    var storage: CertificateStorage? { plan.authority.map { CertificateStorage($0.storage) } }
    var renewBefore: Double { plan.authority?.renewBefore ?? 0 }

    /// Follows a configuration.
    func adopt(_ plan: KeeperPlan) {
        let old = self.plan.authority
        self.plan = plan
        client.authorityPEM = plan.authority?.authorityPEM
        // What has changed is a new chance for what has failed.
        let isSame = old == plan.authority
        jobs = plan.names.map { name in
            jobs.first { $0.name == name && isSame } ?? RenewalJob(name, now: now)
        }
        if let storage { watch?.add([storage.challenges.path, storage.certificates.path]) }
        staples.adopt(plan.stapled)
        settleDue = plan.authority.flatMap { storage?.nextKey($0.directory) }.map { _ in now }
        look()
        work()
    }

    /// Time passes; by the machine's clock, which may be set.
    func timerFired(_ kind: UInt8) {
        _ = loop.schedule(self, kind: 0, after: Self.tick)
        ticks &+= 1
        if ticks % Self.lookInterval == 0 { look() }
        work()
    }

    func show() {
        board.show(
            jobs.map { job in
                var standing = job.standing
                if let activity, activity.name == job.name {
                    standing.activity = run?.words ?? activity.words
                }
                return standing
            })
    }

    // MARK: The storage, which others change too

    private func look() {
        guard let storage else { return }
        shelf.challenges.follow(storage.challenges)
        watch?.add([storage.challenges.path, storage.certificates.path])
        var hasChanged = false
        for index in jobs.indices {
            if let pem = jobs[index].unsaved, (try? storage.save(pem, as: jobs[index].name)) != nil {
                jobs[index].unsaved = nil
            }
            hasChanged = readStored(index, storage) || hasChanged
        }
        if hasChanged { changed() }
        show()
    }

    /// Takes what is in the storage where it is better than what is served.
    private func readStored(_ index: Int, _ storage: CertificateStorage) -> Bool {
        let name = jobs[index].name
        let state = storage.state(name)
        let known = jobs[index].certificate ?? shelf.issued(name)
        if jobs[index].certificate == nil, let known { jobs[index].adopt(known, renewBefore: renewBefore) }
        guard let state, state != jobs[index].state else { return false }
        jobs[index].state = state
        guard let stored = storage.certificate(name), stored.matches(CertificateShelf.probe(name)),
            stored.fingerprint != known?.fingerprint, stored.notAfter > known?.notAfter ?? 0
        else { return false }
        jobs[index].adopt(stored, renewBefore: renewBefore)
        shelf.put(stored, for: name)
        return true
    }

    // MARK: What is due

    private func work() {
        defer { show() }
        staples.work()
        guard activity == nil, let authority = plan.authority, let storage else { return }
        let now = self.now
        if let settleDue { return settleDue <= now ? settleKey(authority, storage) : () }
        if let due = jobs.indices.min(by: { jobs[$0].due < jobs[$1].due }), jobs[due].due <= now {
            return begin(due, authority, storage)
        }
        if let index = jobs.indices.first(where: {
            jobs[$0].certificate != nil && jobs[$0].nextInformation <= now
        }) {
            askInformation(index, authority, storage)
        }
    }

    private func begin(_ index: Int, _ authority: AuthorityPlan, _ storage: CertificateStorage) {
        let name = jobs[index].name
        do throws(ACMEError) {
            try storage.prepare()
            guard let lock = try storage.lock() else { return jobs[index].postpone(to: now + 3) }
            // A process that has ended may have left it so.
            guard storage.nextKey(authority.directory) == nil else { return settleDue = now }
            // Another process may have had it meanwhile.
            if readStored(index, storage) {
                changed()
                if jobs[index].due > now { return }
            }
            // Whoever put them there holds the lock no more.
            for left in storage.challenges.names { storage.withdraw(left) }
            let link = try storage.link(authority.directory)
            let key = try PrivateKey(generating: authority.key)
            let request = try CertificateRequest(names: [name], key: key)
            let options = IssueOptions(
                names: [name], challenges: jobs[index].rotated(authority.challenges), request: request.der,
                email: authority.email, externalAccount: authority.externalAccount,
                replaces: jobs[index].certificate.flatMap(Self.informationName))
            self.lock = lock
            activity = (name, "beginning")
            log.tell(.asking(name, authority.directory))
            let run = IssueRun(
                name, IssueMachine(options, over: link), hook: authority.hook, desk: desk, storage: storage,
                book: shelf.challenges
            ) { [unowned self] result, link in ended(name, result, key, link, authority, storage) }
            self.run = run
            run.start()
        } catch {
            failed(name, error)
        }
    }

    private func ended(
        _ name: String, _ result: Result<[UInt8], ACMEError>, _ key: PrivateKey, _ link: AuthorityLink,
        _ authority: AuthorityPlan, _ storage: CertificateStorage
    ) {
        run = nil
        activity = nil
        defer { lock = nil }
        // Without it another account would be made: no reason to drop what was issued.
        do throws(ACMEError) { try storage.save(link, for: authority.directory) } catch {
            log.tell(.storageFailed(error))
        }
        guard let index = jobs.firstIndex(where: { $0.name == name }) else { return }
        do throws(ACMEError) {
            let chain = try result.get()
            let certificate = try judge(chain, key, name, index)
            let pem = key.pem + chain
            do throws(ACMEError) { try storage.save(pem, as: name) } catch {
                jobs[index].unsaved = pem
                log.tell(.storageFailed(error))
            }
            jobs[index].adopt(certificate, renewBefore: renewBefore)
            jobs[index].state = storage.state(name)
            board.count("issued")
            log.tell(.issued(name, expires: certificate.notAfter, issuer: certificate.issuer))
            staples.putOnShelf(certificate, for: name)
        } catch {
            failed(name, error)
        }
        show()
    }

    /// Whether what was issued is what was asked for, and better than what there is.
    private func judge(_ chain: [UInt8], _ key: PrivateKey, _ name: String, _ index: Int) throws(ACMEError)
        -> Certificate
    {
        let certificate: Certificate
        do throws(TLSError) {
            certificate = try Certificate(certificatePEM: chain, keyPEM: key.pem)
        } catch {
            throw .certificate(error.description)
        }
        guard certificate.matches(CertificateShelf.probe(name)) else {
            throw .certificate("it is for '\(Problem.clean(certificate.name, most: 100))'")
        }
        guard certificate.notAfter > max(now, jobs[index].certificate?.notAfter ?? 0) else {
            throw .certificate(
                "it expires no later than now, or than the one that it would replace\(clockHint)")
        }
        return certificate
    }

    /// Where both clocks are known to differ.
    private var clockHint: String {
        let minutes = Int(desk.clockDifference / 60)
        guard abs(minutes) >= 5 else { return "" }
        return
            "; this machine's clock is \(abs(minutes)) min \(minutes > 0 ? "behind" : "ahead of") the authority's"
    }

    private func failed(_ name: String, _ error: ACMEError) {
        guard let index = jobs.firstIndex(where: { $0.name == name }) else { return }
        let wait = jobs[index].failed(error, now: now, chance: Double.random(in: 0...1, using: &loop.random))
        board.count(error.word)
        let left = jobs[index].certificate.map { $0.notAfter - now }
        log.tell(
            .failed(
                name, error.description + (error.countsAtAuthority ? "" : clockHint), retryIn: wait,
                failures: jobs[index].standing.failures,
                RenewalAlarm.level(
                    failures: jobs[index].standing.failures, secondsLeft: left,
                    renewBefore: renewBefore)))
    }

    // MARK: Calls

    /// Its name in renewal information.
    private static func informationName(_ certificate: Certificate) -> String? {
        let key = certificate.authorityKey
        return key.isEmpty ? nil : RenewalWindow.name(authorityKey: key, serial: certificate.serial)
    }

    private func askInformation(_ index: Int, _ authority: AuthorityPlan, _ storage: CertificateStorage) {
        let job = jobs[index]
        guard let name = job.certificate.flatMap(Self.informationName),
            let link = try? storage.link(authority.directory)
        else { return jobs[index].nextInformation = now + 3600 }
        call(.renewalInformation(name), link, of: job.name, "renewal information") { [unowned self] step in
            guard let index = jobs.firstIndex(where: { $0.name == job.name }) else { return }
            let now = self.now
            guard case .done(let response) = step else {
                let isOffered = if case .notOffered = step { false } else { true }
                return jobs[index].advise(
                    job.window, next: now + (isOffered ? 3600 : 86_400), renewBefore: renewBefore)
            }
            do throws(ACMEError) {
                let window = try RenewalWindow(parsing: response.body)
                jobs[index].advise(
                    window, next: now + Double(RenewalWindow.pause(response.retryAfter)),
                    renewBefore: renewBefore)
                if window != job.window { log.tell(.advised(job.name, window, due: jobs[index].due)) }
            } catch {
                log.tell(.informationUseless(job.name, error))
                jobs[index].advise(job.window, next: now + 3600, renewBefore: renewBefore)
            }
        }
    }

    func call(
        _ order: AuthorityOrder, _ link: AuthorityLink, of name: String, _ words: String,
        done: @escaping (CallMachine.Step) -> Void
    ) {
        activity = (name, words)
        CallRun(CallMachine(order, over: link), desk: desk) { [unowned self] step in
            activity = nil
            done(step)
            lock = nil
            show()
        }.start()
    }
}

// What operators order.
extension CertificateKeeper {
    /// Names that are known; nil = all.
    func renew(_ name: String?) -> CertificateOrderOutcome {
        let chosen = jobs.indices.filter { name == nil || jobs[$0].name == name }
        guard !chosen.isEmpty else { return .unknown(jobs.map(\.name)) }
        for index in chosen { jobs[index].hurry(now: now) }
        work()
        return .done("asking for \(chosen.map { jobs[$0].name }.joined(separator: ", "))\n")
    }

    func revoke(_ name: String, reason: Int, done: @escaping (CertificateOrderOutcome) -> Void) {
        guard let index = jobs.firstIndex(where: { $0.name == name }) else {
            return done(.unknown(jobs.map(\.name)))
        }
        guard let certificate = jobs[index].certificate else {
            return done(.failed("there is no certificate yet\n"))
        }
        order(.revoke(certificate: certificate.der, reason: reason), name, "revocation") {
            [unowned self] outcome, storage in
            guard case .done = outcome, let index = jobs.firstIndex(where: { $0.name == name }) else {
                return done(outcome)
            }
            storage.forget(name)
            log.tell(.revoked(name))
            // Until the next one is there it is served on: most clients don't ask whether it was revoked.
            jobs[index].hurry(now: now)
            done(.done("revoked; another one is asked for\n"))
        }
    }

    /// - Parameter prepare: what is to be done before the authority hears of it, with the storage locked.
    func order(
        _ order: AuthorityOrder, _ name: String, _ words: String,
        prepare: () throws(ACMEError) -> Void = {},
        done: @escaping (CertificateOrderOutcome, CertificateStorage) -> Void
    ) {
        guard let authority = plan.authority, let storage else { return }
        guard activity == nil else {
            return done(.failed("something else is being asked: try again\n"), storage)
        }
        do throws(ACMEError) {
            guard let lock = try storage.lock() else {
                return done(.failed("another process is asking for something: try again\n"), storage)
            }
            guard storage.nextKey(authority.directory) == nil else {
                settleDue = settleDue ?? now
                return done(
                    .failed("an earlier change of the account's key is not settled yet: try again\n"), storage
                )
            }
            let link = try storage.link(authority.directory)
            try prepare()
            hold(lock)
            call(order, link, of: name, words) { step in
                switch step {
                case .done: done(.done(""), storage)
                case .notOffered:
                    done(.failed("the authority does not offer that, or there is no account\n"), storage)
                case .failed(let error): done(.failed("\(error)\n"), storage)
                case .send: done(.failed("unfinished\n"), storage)
                }
            }
        } catch {
            done(.failed("\(error)\n"), storage)
        }
    }

    func hold(_ lock: PrivateFolder.Lock) { self.lock = lock }
}

/// What has become of an order.
enum CertificateOrderOutcome: Sendable {
    case done(String)
    /// These are the names there are.
    case unknown([String])
    case failed(String)
}
