internal import ACME
internal import EventLoop

/// What an authority is being asked: one thing at a time, with the storage's lock held meanwhile. Authorities count what is
/// asked, and processes that share the storage share what was answered.
final class AuthorityTurn {
    private let desk: AuthorityDesk
    private var asked: (name: String, words: String)?
    private var issue: IssueRun?
    private var lock: PrivateFolder.Lock?

    init(_ client: HTTPClient) { desk = AuthorityDesk(client) }

    var isTaken: Bool { asked != nil }

    /// How far the authority's clock was ahead of ours when it last answered, in seconds.
    var clockDifference: Double { desk.clockDifference }

    /// What is being done for a certificate; nil where nothing is.
    func words(of name: String) -> String? { asked?.name == name ? issue?.words ?? asked?.words : nil }

    /// Asks for a certificate; `done` comes once, with the lock still held.
    func issue(
        _ name: String, _ machine: IssueMachine, by authority: AuthorityPlan, in storage: CertificateStorage,
        book: ChallengeBook, holding lock: PrivateFolder.Lock,
        done: @escaping (Result<[UInt8], ACMEError>, AuthorityLink) -> Void
    ) {
        take(name, "beginning", lock)
        let run = IssueRun(name, machine, hook: authority.hook, desk: desk, storage: storage, book: book) {
            [unowned self] result, link in leave { done(result, link) }
        }
        issue = run
        run.start()
    }

    /// Gives an order; `done` comes once, with the lock still held where there is one.
    func call(
        _ order: AuthorityOrder, _ link: AuthorityLink, of name: String, _ words: String,
        holding lock: PrivateFolder.Lock? = nil, done: @escaping (CallMachine.Step) -> Void
    ) {
        take(name, words, lock)
        CallRun(CallMachine(order, over: link), desk: desk) { [unowned self] step in leave { done(step) } }
            .start()
    }

    private func take(_ name: String, _ words: String, _ lock: PrivateFolder.Lock?) {
        asked = (name, words)
        self.lock = lock
    }

    private func leave(_ done: () -> Void) {
        // What comes of it may be that something else is begun.
        let held = lock
        lock = nil
        asked = nil
        issue = nil
        done()
        withExtendedLifetime(held) {}
    }
}
