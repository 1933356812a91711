internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing
internal import TLS

/// What connections to backends need of the loop that they live on.
class UpstreamContext: LoopContext {
    final let multiplexPools = MultiplexPools()
    /// Where searches wait for a place with a backend.
    final let desk = AdmissionDesk()
    private(set) final var upstreams: [String: Upstream] = [:] {
        didSet { lastUpstream = nil }
    }
    /// The one that was asked for last: mostly it is the next one too.
    private final var lastUpstream: (name: String, upstream: Upstream)?
    private let resolver: Resolver
    private var lookups: [UInt64: (Resolver.Answer) -> Void] = [:]
    private var nextLookup: UInt64 = 0

    init(index: Int, configuration: ProxyConfiguration, resolver: Resolver, log: LogSinks, loop: EventLoop)
        throws(TLSError)
    {
        self.resolver = resolver
        try super.init(index: index, configuration: configuration, log: log, loop: loop)
    }

    final func upstream(_ name: String) -> Upstream? {
        if let lastUpstream, lastUpstream.name == name { return lastUpstream.upstream }
        guard let upstream = upstreams[name] else { return nil }
        lastUpstream = (name, upstream)
        return upstream
    }

    /// Looks a name up off the loop; `done` runs on it.
    final func resolve(
        _ name: String, port: UInt16, wantsLifetime: Bool = false, done: @escaping (Resolver.Answer) -> Void
    ) {
        let id = nextLookup
        nextLookup &+= 1
        lookups[id] = done
        resolver.resolve(name, port: port, wantsLifetime: wantsLifetime, answerTo: loop.mailbox) {
            loop, answer in
            (loop.owner as? UpstreamContext)?.lookups.removeValue(forKey: id)?(answer)
        }
    }

    /// Takes the upstreams of a new configuration. One that is as it was keeps its connections.
    ///
    /// - Returns: those that are no longer there, to be closed.
    final func takeUpstreams(_ settings: [String: UpstreamSettings]) -> [Upstream] {
        let old = upstreams
        upstreams = Dictionary(
            uniqueKeysWithValues: settings.map { name, settings in
                let same = old[name].flatMap { $0.settings.isSame(as: settings) ? $0 : nil }
                return (name, same ?? Upstream(settings, worker: self))
            })
        return old.filter { name, upstream in upstreams[name] !== upstream }.map(\.value)
    }

    /// Asks for a WebSocket that is nobody else's: a session's, anew for one that has lost its backend, or the one behind
    /// a feed. None of `excluded` is asked.
    ///
    /// - Parameter patience: how long one backend's answer is waited for at most, where another could be asked; nil = as
    ///   long as any client does.
    final func openOne(
        _ plan: UpgradePlan, excluding excluded: [BackendState] = [], patience: Duration? = nil,
        done: @escaping (UpgradeOutcome) -> Void
    ) -> (any PendingUpgrade)? {
        guard let upstream = upstream(plan.upstream) else {
            done(.failed(Fault(.noBackend), of: nil))
            return nil
        }
        return UpgradeAttempt(
            plan, upstream: upstream, excluding: excluded, patience: patience, worker: self, done: done)
    }
}
