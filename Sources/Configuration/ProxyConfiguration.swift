/// A validated configuration: every default filled in, every name resolved. Durations are nanoseconds, sizes bytes, and
/// 0 is off.
package struct ProxyConfiguration: Equatable, Sendable {
    /// nil = one for each usable processor.
    package var workers: Int?
    package var listeners: [ListenerConfiguration] = []
    /// nil = no admin listener.
    package var admin: AdminConfiguration?
    package var log = LogConfiguration()
    package var limits = LimitsConfiguration()
    package var http2 = HTTP2Configuration()
    package var timeouts = TimeoutsConfiguration()
    package var compression = CompressionConfiguration()
    package var keepalive = KeepaliveConfiguration()
    package var routes: [RouteConfiguration] = []
    package var upstreams: [String: UpstreamConfiguration] = [:]

    /// Nothing but defaults.
    package init() {}
}

/// Where something listens or can be reached.
package enum Address: Equatable, Sendable, CustomStringConvertible {
    case ip(String, port: UInt16)
    case unix(String)
    /// Looked up when it is dialled.
    case name(String, port: UInt16)

    package var description: String {
        switch self {
        case .ip(let ip, let port): ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
        case .unix(let path): "unix:\(path)"
        case .name(let name, let port): "dns:\(name):\(port)"
        }
    }
}

/// One `listeners` entry.
package struct ListenerConfiguration: Equatable, Sendable {
    /// One certificate with its key, as file names.
    package struct Certificate: Equatable, Sendable {
        package var certificate: Located<String>
        package var key: Located<String>
        package var staple = Staple.beside
    }

    /// Where a certificate's OCSP response is.
    package enum Staple: Equatable, Sendable {
        /// In a file of the certificate's name with `.ocsp` behind it, where there is one.
        case beside
        case file(Located<String>)
        case off
    }

    /// `client_certificates`.
    package struct ClientCertificates: Equatable, Sendable {
        package var authority: Located<String>
        package var isRequired: Bool
    }

    package var address: Located<Address>
    /// nil on plain listeners; the first is the default.
    package var certificates: [Certificate]?
    package var requiresTLS13 = false
    package var rotatesTickets: UInt64 = 43_200_000_000_000
    package var clientCertificates: ClientCertificates?
    /// What is spoken, the preferred one first: `h2`, `http/1.1`.
    package var protocols = ["h2", "http/1.1"]
    /// Every request is answered 308 with its https address.
    package var redirectsToHTTPS = false
    /// Each connection begins with a PROXY protocol header.
    package var readsProxyHeader = false

    /// A listener from its parts.
    package init(address: Located<Address>, certificates: [Certificate]?) {
        self.address = address
        self.certificates = certificates
    }
}

/// `log`.
package struct LogConfiguration: Equatable, Sendable {
    /// Where lines go.
    package enum Target: Equatable, Sendable { case off, stdout, stderr, file(Located<String>) }

    package var access = Target.stdout
    package var isJSON = true
    package var level = "info"
}

/// `limits`.
package struct LimitsConfiguration: Equatable, Sendable {
    package var connections = 20_000
    /// Of one client address, or one IPv6 /64.
    package var connectionsPerClient = 0
    package var requestHead = 16 << 10
    package var frame = 16 << 20
    package var message = 16 << 20
    package var inflateRatio = 200
    package var buffer = 256 << 10
    /// Bytes of a plain request's body.
    package var requestBody = 0
    package var fragments = 16_384
    package var messagesPerSecond = 0
    /// Over the rate a session is closed; otherwise it is read more slowly.
    package var closesOverRate = false
    package var controlFramesPerSecond = 100
}

/// `timeouts`.
package struct TimeoutsConfiguration: Equatable, Sendable {
    package var handshake: UInt64 = 10_000_000_000
    package var requestHead: UInt64 = 10_000_000_000
    package var idle: UInt64 = 0
    package var close: UInt64 = 5_000_000_000
    package var slowConsumer: UInt64 = 30_000_000_000
    package var drain: UInt64 = 30_000_000_000
    /// Silence within a plain request's body.
    package var requestBody: UInt64 = 60_000_000_000
    /// Silence between two requests on a connection.
    package var keepAlive: UInt64 = 60_000_000_000
}

/// `compression`.
package struct CompressionConfiguration: Equatable, Sendable {
    /// Who compresses.
    package enum Mode: String, Equatable, Sendable { case edge, both, passthrough, off }

    package var mode = Mode.edge
    package var level = 4
    package var windowBits = 12
    package var memoryLevel = 5
    package var contextTakeover = true
    package var minimumSize = 128
    /// Of the whole process; a route's own is not looked at.
    package var memoryBudget = 256 << 20
}

/// `keepalive`.
package struct KeepaliveConfiguration: Equatable, Sendable {
    package var pingInterval: UInt64 = 30_000_000_000
    package var pongTimeout: UInt64 = 15_000_000_000
}

/// One `routes` entry, with the limits and compression that hold for it.
package struct RouteConfiguration: Equatable, Sendable {
    /// What becomes of a request.
    package enum Action: Equatable, Sendable {
        case upstream(String)
        case respond(status: Int, body: String, contentType: String)
    }

    /// How the path changes.
    package enum Rewrite: Equatable, Sendable {
        case strip(String)
        case replace(String, with: String)
    }

    /// A header field and its value.
    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: String
    }

    /// Which requests the route is for, by what they ask.
    package enum Upgrade: String, Equatable, Sendable { case any, websocket, none }

    package var name: String
    package var upgrade = Upgrade.any
    package var host: String?
    package var path: String?
    /// A regular expression for the whole path.
    package var pathPattern: String?
    /// Header fields that must be there with these values, or with any where the value is `*`.
    package var fields: [Field] = []
    /// Subprotocols one of which must be offered.
    package var subprotocols: [String] = []
    package var rewrite: Rewrite?
    package var origins: [String]?
    package var action: Action
    package var compression: CompressionConfiguration
    package var limits: LimitsConfiguration

    /// A route from its parts.
    package init(
        name: String, host: String? = nil, path: String? = nil, rewrite: Rewrite? = nil,
        origins: [String]? = nil,
        action: Action, compression: CompressionConfiguration = .init(), limits: LimitsConfiguration = .init()
    ) {
        self.name = name
        self.host = host
        self.path = path
        self.rewrite = rewrite
        self.origins = origins
        self.action = action
        self.compression = compression
        self.limits = limits
    }
}

/// One `upstreams` entry.
package struct UpstreamConfiguration: Equatable, Sendable {
    /// One of `backends`.
    package struct Backend: Equatable, Sendable {
        package var address: Address
        package var weight = 1
        /// 0 = no limit.
        package var maxSessions = 0
    }

    /// `tls`: absent = plain text.
    package struct TLS: Equatable, Sendable {
        package var serverName: String?
        package var authority: Located<String>?
        package var verifies = true
    }

    /// `pool`.
    package struct Pool: Equatable, Sendable {
        package var warm = 2
        package var idle = 64
        package var idleTimeout: UInt64 = 60_000_000_000
        /// In mode multiplex: sessions and requests on one connection, and connections, per worker and backend.
        package var streams = 100
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

    package var mode = Mode.session
    /// Counts in mode broadcast.
    package var broadcast = BroadcastConfiguration()
    package var policy = UpstreamPolicy()
    package var backends: [Backend] = []
    package var tls: TLS?
    package var pool = Pool()
    package var connectTimeout: UInt64 = 3_000_000_000
    package var responseTimeout: UInt64 = 10_000_000_000
    /// For plain requests: a long poll is silent for longer than a handshake may be.
    package var plainResponseTimeout: UInt64 = 60_000_000_000

    /// Backends at these addresses, all else by default.
    package init(_ addresses: [Address] = []) { backends = addresses.map { Backend(address: $0) } }
}
