internal import ACME
internal import Durations
internal import EventLoop
internal import HTTPProtocol

/// What runs of machines need of the thread that they run on.
final class AuthorityDesk {
    let client: HTTPClient
    var loop: EventLoop { client.loop }
    /// How far the authority's clock was ahead of ours when it last answered, in seconds.
    private(set) var clockDifference: Double = 0

    init(_ client: HTTPClient) { self.client = client }

    /// Sends a request; `done` comes once, from a later turn.
    func send(
        _ request: AuthorityRequest, done: @escaping (Result<AuthorityResponse, HTTPFetchError>) -> Void
    ) {
        guard let url = AuthorityURL(request.url) else {
            return loop.nextTurn {
                done(.failure(HTTPFetchError(reason: "'\(request.url.prefix(200))' is no URL")))
            }
        }
        var question = HTTPQuestion(method: request.method, url: url, body: request.body)
        if request.method == "POST" {
            question.fields.append(HeaderFields.Field("Content-Type", "application/jose+json"))
        }
        if let accept = request.accept { question.fields.append(HeaderFields.Field("Accept", accept)) }
        client.ask(question) { [weak self] result in
            done(result.map { self?.response($0) ?? .init(status: 0) })
        }
    }

    private func response(_ answer: HTTPFetch.Answer) -> AuthorityResponse {
        let now = ProcessFacts.wallClock()
        let fields = answer.head.fields
        if let date = fields.first("date").flatMap(InternetTime.httpDate) { clockDifference = date - now }
        return AuthorityResponse(
            status: answer.head.status, nonce: fields.first("replay-nonce"),
            location: fields.first("location"),
            retryAfter: InternetTime.retryAfter(fields.first("retry-after"), now: now), body: answer.body)
    }
}

/// Carries out what an `IssueMachine` wants, until it has a chain or has failed.
final class IssueRun: TimerTarget {
    private enum Timer: UInt8 { case wait, shown }

    /// Longer than anything that goes on well; what is slow at each step comes to an end too.
    private static let longest = Duration.seconds(1200).nanoseconds
    /// For the other processes, which show what this one was told: ten times what they take on a machine that has time.
    private static let showingPause = Duration.seconds(1)
    private static let hookTime = Duration.seconds(180).nanoseconds

    let name: String
    private var machine: IssueMachine
    private let desk: AuthorityDesk
    private let storage: CertificateStorage
    private let book: ChallengeBook
    private let hook: String?
    private let began: UInt64
    private var hookProcess: HookProcess?
    private var done: ((Result<[UInt8], ACMEError>, AuthorityLink) -> Void)?

    init(
        _ name: String, _ machine: IssueMachine, hook: String?, desk: AuthorityDesk,
        storage: CertificateStorage,
        book: ChallengeBook, done: @escaping (Result<[UInt8], ACMEError>, AuthorityLink) -> Void
    ) {
        self.name = name
        self.machine = machine
        self.hook = hook
        self.desk = desk
        self.storage = storage
        self.book = book
        self.done = done
        began = EventLoop.clock
    }

    /// What it is at.
    var words: String { machine.words }

    func start() { follow(machine.begin()) }

    private func follow(_ step: IssueMachine.Step) {
        switch step {
        case .send(let request): send(request)
        case .present(let task): present(task)
        case .withdraw(let task): withdraw(task)
        case .wait(let time):
            _ = desk.loop.schedule(
                self, kind: Timer.wait.rawValue, after: time)
        case .issued(let chain): finish(.success(chain))
        case .failed(let error): finish(.failure(error))
        }
    }

    private func send(_ request: AuthorityRequest) {
        guard EventLoop.clock - began < Self.longest else {
            // Told from the next turn, as everything else is.
            return desk.loop.nextTurn {
                self.follow(self.machine.exchangeFailed("it took more than 20 minutes"))
            }
        }
        desk.send(request) { result in
            switch result {
            case .success(let response): self.follow(self.machine.received(response))
            case .failure(let error): self.follow(self.machine.exchangeFailed(error.reason))
            }
        }
    }

    func timerFired(_ kind: UInt8) {
        follow(kind == Timer.wait.rawValue ? machine.waitOver() : machine.presented())
    }

    // MARK: Proofs

    private func present(_ task: ChallengeTask) {
        do throws(ACMEError) {
            guard let (file, bytes) = try ChallengeBook.file(task) else {
                return runHook("present", task) { failure in
                    self.follow(
                        failure.map { self.machine.presentationFailed($0) } ?? self.machine.presented())
                }
            }
            try storage.present(bytes, file)
            book.follow(storage.challenges)
            _ = desk.loop.schedule(self, kind: Timer.shown.rawValue, after: Self.showingPause)
        } catch {
            desk.loop.nextTurn { self.follow(self.machine.presentationFailed(error.description)) }
        }
    }

    private func withdraw(_ task: ChallengeTask) {
        if task.kind == .dns {
            // What is left behind harms nobody.
            return runHook("cleanup", task) { _ in self.follow(self.machine.withdrawn()) }
        }
        if let (file, _) = (try? ChallengeBook.file(task)) ?? nil { storage.withdraw(file) }
        book.follow(storage.challenges)
        desk.loop.nextTurn { self.follow(self.machine.withdrawn()) }
    }

    private func runHook(_ order: String, _ task: ChallengeTask, done: @escaping (String?) -> Void) {
        guard let hook else { return desk.loop.nextTurn { done("dns-01 without a program") } }
        var environment = Machine.environment
        environment["TRUNKLINE_DOMAIN"] = task.name
        do throws(SystemError) {
            hookProcess = try HookProcess(
                [hook, order, "_acme-challenge.\(task.name)", task.dnsValue], environment: environment,
                limit: Self.hookTime, on: desk.loop
            ) { failure in
                self.hookProcess = nil
                done(failure.map { "'\(hook) \(order)': \($0)" })
            }
        } catch {
            desk.loop.nextTurn { done("'\(hook)' can't be run: \(error.reason)") }
        }
    }

    private func finish(_ result: Result<[UInt8], ACMEError>) {
        let done = self.done
        self.done = nil
        done?(result, machine.link)
    }
}

/// Carries out what a `CallMachine` wants.
final class CallRun {
    private var machine: CallMachine
    private let desk: AuthorityDesk
    private let done: (CallMachine.Step) -> Void

    init(_ machine: CallMachine, desk: AuthorityDesk, done: @escaping (CallMachine.Step) -> Void) {
        self.machine = machine
        self.desk = desk
        self.done = done
    }

    func start() { follow(machine.begin()) }

    private func follow(_ step: CallMachine.Step) {
        guard case .send(let request) = step else { return desk.loop.nextTurn { self.done(step) } }
        desk.send(request) { result in
            switch result {
            case .success(let response): self.follow(self.machine.received(response))
            case .failure(let error): self.follow(self.machine.exchangeFailed(error.reason))
            }
        }
    }
}
