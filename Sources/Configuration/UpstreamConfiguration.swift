internal import YAML

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

        static let table = Table("Where the backends are, one or more.", start: Self(address: .unix("/"))) {
            Key.value(
                "address", \.address, .backendAddress,
                "`127.0.0.1:9001`, `[::1]:9001`, `unix:/run/app.sock`, or `dns:app.internal:9001`, where each address is a backend; `dns:_ws._tcp.app.internal` takes ports, weights and priorities from SRV records.",
                isRequired: true, example: "127.0.0.1:9001"
            )
            Key.value("weight", \.weight, .integer(1...1000), "Its share, compared with the others'.")
            Key.value(
                "max_sessions", \.maxSessions, .integer(0...10_000_000), "Sessions on it; 0 = no limit.")
        }
    }

    /// `tls`: absent = plain text.
    package struct TLS: Equatable, Sendable {
        /// The name in SNI, and in the certificate. nil = the host of the first backend.
        package var serverName: String?
        /// A PEM file with the authorities that are trusted. nil = the system's.
        package var authority: Located<String>?
        /// Whether the certificate must be right; `false` encrypts, but trusts anybody.
        package var verifies = true

        static let table = Table("TLS to backends; `{}` has the defaults.", start: Self()) {
            Key.optional(
                "server_name", \.serverName, .text("host name", AddressSyntax.complaint(serverName:)),
                "The name in SNI, and in the certificate.",
                example: "app.internal", unset: "the host of the first backend"
            )
            Key.optional(
                "ca", \.authority, .file, "A PEM file with the authorities that are trusted.",
                example: "ca.pem",
                unset: "the system's"
            )
            Key.value("verify", \.verifies, .flag, "`false` encrypts, but trusts anybody.")
        }
    }

    /// `pool`.
    package struct Pool: Equatable, Sendable {
        /// Idle connections dialled ahead, per worker and backend; in mode multiplex one at most. nil = as many as the
        /// upgrades of the last seconds call for.
        package var warm: Int?
        /// The most idle connections kept, per worker and backend.
        package var idle = 64
        /// How long a connection may idle; 0 = as long as the backend lets it.
        package var idleTimeout = Duration.seconds(60)
        /// In mode multiplex: sessions and requests on one connection, and connections, per worker and backend.
        package var streams = 100
        /// Connections, per worker and backend.
        package var connections = 4
        /// How long frames may wait for others on a connection that is busy. 0 = not at all; nil = as is best.
        package var gather: Duration?

        static let table = Table("Connections that are kept, per worker and backend.", start: Self()) {
            Key.value(
                "warm", \.warm, .auto(or: .integer(0...1000)),
                "Connections opened in advance; `auto` is as many as the upgrades of the last seconds call for, and none before the first."
            )
            Key.value("idle", \.idle, .integer(0...100_000), "How many idle connections are kept at most.")
            Key.value(
                "idle_timeout", \.idleTimeout, .duration,
                "How long a connection may idle; 0 = as long as the backend lets it."
            )
            Key.value(
                "streams_per_connection", \.streams, .integer(1...1_000_000),
                "With `mode: multiplex`: sessions and requests on one connection."
            )
            Key.value(
                "connections", \.connections, .integer(1...1000),
                "With `mode: multiplex`: connections, each opened when those before are full; when all are, 503."
            )
            Key.value(
                "gather", \.gather, .auto(or: .duration),
                "With `mode: multiplex`: how long frames for one backend may wait to leave together in one write. It counts only while many sessions send. `auto` is 1ms, which is the most; 0 = not at all."
            )
        }
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
    package private(set) var broadcast = BroadcastConfiguration()
    /// nil = sessions end with their backend.
    package private(set) var continuity: ContinuityConfiguration?
    /// How backends are chosen, watched and spared.
    package var policy = UpstreamPolicy()
    /// One or more.
    package var backends: [Backend] = []
    /// nil = plain text.
    package var tls: TLS?
    /// Connections that are kept.
    package var pool = Pool()
    /// For name, TCP and TLS of one dial. 0 = as long as the kernel tries.
    package private(set) var connectTimeout = Duration.seconds(3)
    /// The host name of its first backend: what a certificate is to be of where no name is given.
    package var firstName: String {
        switch backends.first?.address {
        case .ip(let ip, _): ip
        case .name(let name, _): Address.domain(name)
        case .unix, nil: "localhost"
        }
    }

    /// As it is written; nil = not at all.
    private var writtenResponseTimeout: Duration?

    /// From the whole handshake sent to its answer. 0 = for ever.
    package var responseTimeout: Duration { writtenResponseTimeout ?? .seconds(10) }
    /// For plain requests: a long poll is silent for longer than a handshake may be.
    package var plainResponseTimeout: Duration { writtenResponseTimeout ?? .seconds(60) }

    /// Backends at these addresses, all else by default.
    package init(_ addresses: [Address] = []) { backends = addresses.map { Backend(address: $0) } }

    private static let timeouts = Table("Times of its connections.", start: Self()) {
        Key.value(
            "connect", \.connectTimeout, .duration,
            "Name, TCP and TLS of one connection; 0 = as long as the kernel tries."
        )
        Key.optional(
            "response", \.writtenResponseTimeout, .duration,
            "From a whole request to the head of its answer, over it 504; 0 = for ever.", example: "10s",
            unset: "10s, and 60s for plain requests")
    }

    static let table = Table(
        "Groups of backends that do the same.", start: Self(),
        rules: rules + UpstreamPolicy.table.rules(in: \Self.policy)
    ) {
        Key.value(
            "mode", \.mode,
            .choice(("session", .session), ("multiplex", .multiplex), ("broadcast", .broadcast)),
            "`session`: one upstream WebSocket per client. `multiplex`: the same, as streams of a few HTTP/2 connections (RFC 8441), if the backend takes them. `broadcast`: one for all clients that ask for the same."
        )
        Key.sections(
            "backends", \.backends, Backend.table, title: { _, title in "'backends' of \(title)" },
            usual: "address",
            lacking: { title, _ in "\(title) needs 'backends', one or more" },
            start: { _ in Backend.table.start })
        UpstreamPolicy.table.keys(in: \Self.policy)
        Key.optionalSection("tls", \.tls, TLS.table, unset: "plain text")
        Key.section("pool", \.pool, Pool.table)
        Key.section("timeouts", \.self, timeouts)
        Key.section("broadcast", \.broadcast, BroadcastConfiguration.table)
        Key.optionalSection(
            "continuity", \.continuity, ContinuityConfiguration.table, canBeOff: true,
            unset: "sessions end with their backend")
    }

    private static let rules: [Rule<Self>] = [
        Rule { upstream, section in
            guard let gather = upstream.pool.gather, gather > .milliseconds(1) else { return }
            section.warn(
                section.node("pool")?.mapping?["gather"]?.place ?? section.place,
                "'gather' in 'pool' of \(section.title) is 1ms at most, and longer ones count as that")
        },
        Rule { upstream, section in
            if upstream.broadcast != BroadcastConfiguration(), upstream.mode != .broadcast {
                section.warn(
                    section.place, "'broadcast' in \(section.title) has no effect without 'mode: broadcast'")
            }
        },
        Rule { upstream, section in
            guard upstream.continuity != nil, upstream.mode == .broadcast else { return }
            section.warn(
                section.keyPlace("continuity") ?? section.place,
                "'continuity' in \(section.title) has no effect with 'mode: broadcast', whose 'on_loss' says it"
            )
        },
        Rule(schema: [
            "not": [
                "properties": [
                    "proxy_protocol": ["const": "v2"], "mode": ["enum": ["multiplex", "broadcast"]],
                ],
                "required": ["proxy_protocol", "mode"],
            ]
        ]) { upstream, section in
            guard upstream.policy.sendsProxyHeader, upstream.mode != .session else { return }
            section.complain(
                section.keyPlace("proxy_protocol") ?? section.place,
                "'proxy_protocol' in \(section.title) names one client a connection, which"
                    + " 'mode: \(upstream.mode.rawValue)' shares: use one of them")
        },
        Rule { upstream, section in
            guard upstream.mode != .multiplex else { return }
            let idle = [
                ("streams_per_connection", upstream.pool.streams != Pool().streams),
                ("connections", upstream.pool.connections != Pool().connections),
                ("gather", upstream.pool.gather != Pool().gather),
            ]
            for (name, isWritten) in idle where isWritten {
                section.warn(
                    section.node("pool")?.mapping?[name]?.place ?? section.place,
                    "'\(name)' in 'pool' of \(section.title) has no effect without 'mode: multiplex'")
            }
        },
    ]
}
