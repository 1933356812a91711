internal import ACME
internal import Durations
internal import EventLoop
internal import TLS

/// Gets certificates and renews them, on a thread that is none of the data plane: it may wait for disks and for
/// authorities. What it has got it puts on the shelf, and tells the main loop.
final class CertificateKeeper: TimerTarget {
    private enum Timer: UInt8 { case tick, look }

    private static let tick = Duration.seconds(1).nanoseconds
    /// Folders on a network tell nothing of changes; in ticks.
    private static let lookInterval = 10
    /// However often a folder changes.
    private static let lookPause = Duration.milliseconds(100).nanoseconds
    /// Seconds that a clock may be set back by without notice.
    private static let slack: Double = 60

    let client: HTTPClient
    let turn: AuthorityTurn
    let shelf: CertificateShelf
    let board: CertificateBoard
    let log: OperationLog
    /// Tells the main loop that what is served has changed.
    let changed: @Sendable () -> Void
    private(set) var plan = KeeperPlan(authority: nil, names: [], stapled: [])
    var jobs: [RenewalJob] = []
    private var watch: FolderWatch?
    private var willLook = false
    private var ticks = 0
    private var lastTick: Double = 0
    /// When it is asked which key the account has; nil = that is known.
    var settleDue: Double?
    private(set) lazy var staples = StapleKeeper(self)

    /// On the thread that will run the loop.
    init(
        _ loop: EventLoop, shelf: CertificateShelf, board: CertificateBoard, log: OperationLog,
        changed: @escaping @Sendable () -> Void
    ) throws(TLSError) {
        client = try HTTPClient(on: loop)
        turn = AuthorityTurn(client)
        self.shelf = shelf
        self.board = board
        self.log = log
        self.changed = changed
        loop.owner = self
        watch = try? FolderWatch(on: loop) { [unowned self] in noticed() }
        lastTick = now
        arm(.tick, Self.tick)
    }

    var loop: EventLoop { client.loop }
    var now: Double { ProcessFacts.wallClock() }
    var storage: CertificateStorage? { plan.authority.map { CertificateStorage($0.storage) } }
    var renewBefore: Duration { plan.authority?.renewBefore ?? .zero }

    /// Follows a configuration.
    func adopt(_ plan: KeeperPlan) {
        let old = self.plan.authority
        self.plan = plan
        client.authorityPEM = plan.authority?.authorityPEM
        // What has changed is a new chance for what has failed.
        let isSame = old == plan.authority
        let known = jobs
        jobs = plan.names.map { name in
            known.first { $0.name == name && isSame } ?? RenewalJob(name, now: now)
        }
        staples.adopt(plan.stapled)
        settleDue = plan.authority.flatMap { storage?.nextKey($0.directory) }.map { _ in now }
        look()
        if !isSame { heedPredecessors() }
        work()
    }

    /// An authority counts what failed, whichever process asked.
    private func heedPredecessors() {
        guard let authority = plan.authority, let storage else { return }
        for index in jobs.indices {
            guard let record = storage.failure(jobs[index].name, authority),
                jobs[index].heed(record, now: now)
            else {
                continue
            }
            log.tell(
                .putOff(jobs[index].name, due: record.due, record.words, failures: record.failures))
        }
    }

    // MARK: Time passes

    private func arm(_ timer: Timer, _ time: UInt64) {
        _ = loop.schedule(self, kind: timer.rawValue, after: time)
    }

    func timerFired(_ kind: UInt8) {
        guard kind == Timer.tick.rawValue else {
            willLook = false
            return look()
        }
        arm(.tick, Self.tick)
        ticks &+= 1
        followClock()
        if ticks % Self.lookInterval == 0 { look() }
        work()
    }

    /// All that is due is due by the machine's clock, which may be set. Forward it makes things due; back it must not put
    /// them off until a time that was never meant.
    private func followClock() {
        let now = self.now
        defer { lastTick = now }
        guard now < lastTick - Self.slack else { return }
        for index in jobs.indices { jobs[index].clockWasSetBack(now: now, renewBefore: renewBefore) }
        if settleDue != nil { settleDue = now }
        staples.clockWasSetBack(now: now)
    }

    func show() {
        board.show(
            jobs.map { job in
                var standing = job.standing
                standing.activity = turn.words(of: job.name)
                return standing
            })
    }

    // MARK: The storage, which others change too

    private func noticed() {
        guard !willLook else { return }
        willLook = true
        arm(.look, Self.lookPause)
    }

    private func look() {
        guard let storage else { return watch?.follow([]) ?? () }
        shelf.challenges.follow(storage.challenges)
        watch?.follow([storage.challenges.path, storage.certificates.path])
        var hasChanged = false
        for index in jobs.indices {
            if let authority = plan.authority, let pem = jobs[index].unsaved,
                (try? storage.save(pem, as: jobs[index].name, from: authority.directory)) != nil
            {
                jobs[index].unsaved = nil
            }
            hasChanged = readStored(index, storage) || hasChanged
        }
        if hasChanged { changed() }
        show()
    }

    /// Takes what is in the storage where another has put it there.
    func readStored(_ index: Int, _ storage: CertificateStorage) -> Bool {
        let name = jobs[index].name
        let state = storage.state(name)
        let known = jobs[index].certificate ?? shelf.issued(name)
        if jobs[index].certificate == nil, let known { take(known, index, storage) }
        guard let state, state != jobs[index].state else { return false }
        jobs[index].state = state
        guard let stored = storage.certificate(name), stored.matches(CertificateShelf.probe(name)),
            stored.fingerprint != known?.fingerprint,
            // What can't be written is better than what stands there.
            stored.notAfter > (jobs[index].unsaved == nil ? now : known?.notAfter ?? now)
        else { return false }
        take(stored, index, storage)
        staples.putOnShelf(stored, for: name)
        return true
    }

    private func take(_ certificate: Certificate, _ index: Int, _ storage: CertificateStorage) {
        let issuer = storage.authority(jobs[index].name)
        jobs[index].adopt(
            certificate, renewBefore: renewBefore,
            isForeign: issuer.map { $0 != plan.authority?.directory } ?? false)
    }

    // MARK: What is due

    func work() {
        defer { show() }
        staples.work()
        guard !turn.isTaken, let authority = plan.authority, let storage else { return }
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
}
