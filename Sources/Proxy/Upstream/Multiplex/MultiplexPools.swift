internal import Configuration
internal import HTTPProtocol
internal import TLS

/// What connections are opened with: over a reload that changes none of it they are kept.
struct SharedConnectionOptions: Equatable {
    /// Connections to one backend.
    let connections: Int
    /// Streams on each.
    let streams: Int
    /// One is kept open though nothing needs it.
    let keepsOne: Bool
    let connectTimeout: Duration
    let idleTimeout: Duration
    /// How long frames may wait for others, so that they leave in one write.
    let gather: Duration
    /// Bytes of a header list that we take.
    let headList: Int
    private let tls: ClientTLSContext?

    init(_ settings: UpstreamSettings, headList: Int) {
        let upstream = settings.configuration
        connections = upstream.pool.connections
        streams = upstream.pool.streams
        keepsOne = upstream.pool.warm ?? 0 > 0
        connectTimeout = upstream.connectTimeout
        idleTimeout = upstream.pool.idleTimeout
        gather = upstream.pool.gather ?? .nanoseconds(GatherMachine.longest)
        self.headList = headList
        tls = settings.tls
    }

    var isSecure: Bool { tls != nil }

    static func == (a: SharedConnectionOptions, b: SharedConnectionOptions) -> Bool {
        let isSameTLS =
            switch (a.tls, b.tls) {
            case (nil, nil): true
            case (let one?, let other?): one.isSame(as: other)
            default: false
            }
        return isSameTLS
            && (a.connections, a.streams, a.keepsOne, a.gather)
                == (b.connections, b.streams, b.keepsOne, b.gather)
            && (a.connectTimeout, a.idleTimeout, a.headList) == (b.connectTimeout, b.idleTimeout, b.headList)
    }
}

/// The multiplexed connections of one worker to all backends. They outlive the configuration that opened them, for as
/// long as the next one asks for the same.
///
/// A reload makes `Backend`s anew and lets go of the old ones: the new ones find the old ones' pools here before those
/// would have been closed.
final class MultiplexPools {
    private var pools: [MultiplexPool] = []

    init() {}

    /// The pool of a backend, which is kept until `release`.
    func claim(for backend: Backend, on worker: UpstreamContext) -> MultiplexPool {
        let options = SharedConnectionOptions(backend.settings, headList: worker.headLimits.bytes)
        if let pool = pools.first(where: { $0.state === backend.state && $0.sharedOptions == options }) {
            pool.hold(for: backend)
            return pool
        }
        let pool = MultiplexPool(for: backend, options, worker: worker)
        pools.append(pool)
        return pool
    }

    /// A backend needs its pool no longer; when nobody else does, it opens nothing more.
    func release(_ pool: MultiplexPool) {
        guard pool.release() else { return }
        pools.removeAll { $0 === pool }
        pool.close()
    }
}
