/// One `upstreams` entry.
package struct UpstreamConfiguration: Equatable, Sendable {
    /// One of `backends`.
    package struct Backend: Equatable, Sendable {
        /// Where it is; a name stands for each address that it is looked up to.
        package var address: Address
        /// Its share beside the others', 1 to 1000.
        package var weight = 1
        /// 0 = no limit.
        package var maxSessions = 0
    }

    /// `tls`: absent = plain text.
    package struct TLS: Equatable, Sendable {
        /// The name in SNI, and in the certificate. nil = the host of the first backend.
        package var serverName: String?
        /// A PEM file with the authorities that are trusted. nil = the system's.
        package var authority: Located<String>?
        /// Whether the certificate must be right; `false` encrypts and trusts anybody.
        package var verifies = true
    }

    /// `pool`.
    package struct Pool: Equatable, Sendable {
        /// Idle connections dialled ahead, per worker and backend; in mode multiplex one at most. nil = as many as the
        /// upgrades of the last seconds call for.
        package var warm: Int?
        /// The most idle connections kept, per worker and backend.
        package var idle = 64
        /// Nanoseconds that a connection may idle. 0 = as long as the backend lets it.
        package var idleTimeout: UInt64 = 60_000_000_000
        /// In mode multiplex: sessions and requests on one connection, and connections, per worker and backend.
        package var streams = 100
        /// Connections, per worker and backend.
        package var connections = 4
    }

    /// How clients' WebSockets become the backends'.
    package enum Mode: String, Equatable, Sendable {
        /// One for one.
        case session
        /// One for one, as streams of a few connections.
        case multiplex
        /// One for all clients that ask for the same.
        case broadcast
    }

    /// `mode`.
    package var mode = Mode.session
    /// Counts in mode broadcast.
    package var broadcast = BroadcastConfiguration()
    /// How backends are chosen, watched and spared.
    package var policy = UpstreamPolicy()
    /// One or more.
    package var backends: [Backend] = []
    /// nil = plain text.
    package var tls: TLS?
    /// Connections that are kept.
    package var pool = Pool()
    /// Nanoseconds for name, TCP and TLS of one dial. 0 = as long as the kernel tries.
    package var connectTimeout: UInt64 = 3_000_000_000
    /// Nanoseconds from the whole handshake sent to its answer, over it 504. 0 = for ever.
    package var responseTimeout: UInt64 = 10_000_000_000
    /// For plain requests: a long poll is silent for longer than a handshake may be.
    package var plainResponseTimeout: UInt64 = 60_000_000_000

    /// Backends at these addresses, all else by default.
    package init(_ addresses: [Address] = []) { backends = addresses.map { Backend(address: $0) } }
}
