internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing
internal import TLS
internal import WebSocketProtocol

/// What sessions need of the loop that they live on.
class SessionContext: AccessContext {
    private(set) final var sessions: [LiveSession] = []
    /// Those of their peers that are not read for the moment.
    final lazy var rests = ReadRests(on: loop)
    /// Numbers of sessions begin at random.
    private final lazy var nextSession = loop.random.next() >> 24
    private var samplers: [Direction: ShrinkSampler] = [:]

    /// Those whose clients may come back, by their numbers.
    private final var resumable: [UInt64: Session] = [:]
    /// How this process names itself in their tokens, and what it seals those with.
    final var tokenSeal: TokenSeal

    typealias TokenSeal = (process: UInt64, key: ResumeKey)

    init(
        index: Int, configuration: ProxyConfiguration, passwords: PasswordDesk, tokenLives: TokenLives,
        tokenSeal: TokenSeal, resolver: Resolver, log: LogSinks, loop: EventLoop
    ) throws(TLSError) {
        self.tokenSeal = tokenSeal
        try super.init(
            index: index, configuration: configuration, passwords: passwords, tokenLives: tokenLives,
            resolver: resolver, log: log, loop: loop)
    }

    final var sessionCount: Int { sessions.count }
    /// Of sessions that a drain of the process closes.
    final var drainCode: CloseCode { CloseCode(rawValue: configuration.drainCloseCode) }

    final func begin(_ session: LiveSession) {
        session.position = sessions.count
        session.number = nextSession
        nextSession &+= 1
        sessions.append(session)
        session.start()
        session.lease?.begin(session)
        sessionBegan(session)
    }

    /// It is on the list: whoever drains looks whether it is to stay.
    func sessionBegan(_ session: LiveSession) {}

    final func sessionEnded(_ session: LiveSession) {
        let position = session.position
        guard position >= 0, position < sessions.count else { return }
        session.position = -1
        let last = sessions.removeLast()
        if last !== session {
            sessions[position] = last
            last.position = position
        }
        session.lease?.end()
        log.tell(session.record(at: loop.now))
        checkEmpty()
    }

    // MARK: Clients that come back

    final func enter(_ session: Session) { resumable[session.number] = session }
    final func leave(_ session: Session) { resumable[session.number] = nil }
    final func resumable(_ id: SessionID) -> Session? { id.worker == index ? resumable[id.number] : nil }

    final func token(for session: Session) -> ResumeToken {
        ResumeToken(session.id, of: tokenSeal.process, tokenSeal.key, using: &loop.random)
    }

    /// Something that lived here has gone.
    func checkEmpty() {}

    /// The messages of a route that go to one side.
    private struct Direction: Hashable {
        let route: String
        let peer: SessionSide
    }

    /// What is known of how a route's messages to one side shrink.
    final func sampler(for route: Route, towards peer: SessionSide) -> ShrinkSampler {
        let key = Direction(route: route.name, peer: peer)
        if let sampler = samplers[key] { return sampler }
        let sampler = ShrinkSampler()
        samplers[key] = sampler
        return sampler
    }

    /// Forgets what is known of other routes' messages.
    final func keepSamplers(of isKept: (_ route: String) -> Bool) {
        samplers = samplers.filter { isKept($0.key.route) }
    }
}
