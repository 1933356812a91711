internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// What access rules need of the loop on which they are judged.
class AccessContext: UpstreamContext {
    final var passwords: PasswordDesk
    /// Keys that are fetched, each with a route that uses them.
    final var fetchedKeys: [(FetchedKeys, Route)] = []
    /// Those who may not come in although their token or password is good.
    final var revocations = RevocationList()
    final let tokenLives: TokenLives
    /// What it has taken of the rates of `limits.per`.
    final let keyedShares = KeyedShares()
    private(set) final lazy var access = AccessDesk(self)

    init(
        index: Int, configuration: ProxyConfiguration, passwords: PasswordDesk, tokenLives: TokenLives,
        resolver: Resolver, log: LogSinks, loop: EventLoop
    ) throws(TLSError) {
        self.passwords = passwords
        self.tokenLives = tokenLives
        try super.init(index: index, configuration: configuration, resolver: resolver, log: log, loop: loop)
    }
}
