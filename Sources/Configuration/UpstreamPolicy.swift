internal import HTTPProtocol
package import Routing

/// How the backends of an upstream are chosen, watched and spared.
package struct UpstreamPolicy: Equatable, Sendable {
    /// `retry`: other backends, only while nothing of a response has come.
    package struct Retry: Equatable, Sendable {
        /// Other backends that one request may be sent to after the first. 0 = none.
        package var attempts = 2
        /// Percent of the requests that may be sent a second time.
        package var budget = 20

        static let table = Table(
            "Tries other backends, as long as no byte of a response has come.", start: Self()
        ) {
            Key.value(
                "attempts", \.attempts, .integer(0...100),
                "How many other backends a request may be sent to after the first."
            )
            Key.value("budget", \.budget, .percent, "The share of requests that may be sent again.")
        }
    }

    /// `handshakes`: what a backend is asked at the same time.
    package struct Handshakes: Equatable, Sendable {
        /// For each backend; 0 = no limit.
        package var inFlight = 256
        /// Clients that may wait for a place, of the upstream.
        package var queue = 10_000
        /// How long a client may wait for a place; 0 = for ever.
        package var queueTimeout = Duration.seconds(10)

        static let table = Table("How many handshakes backends get at the same time.", start: Self()) {
            Key.value(
                "in_flight", \.inFlight, .integer(0...1_000_000),
                "Handshakes under way with each backend; 0 = no limit."
            )
            Key.value(
                "queue", \.queue, .integer(0...1_000_000),
                "Clients of the upstream that may wait for a place."
            )
            Key.value(
                "queue_timeout", \.queueTimeout, .duration,
                "How long a client may wait for a place, then 503; 0 = for ever.")
        }
    }

    /// `health`: checks of our own.
    package struct Health: Equatable, Sendable {
        /// What is asked.
        package enum Check: String, Equatable, Sendable { case tcp, http, websocket }

        /// From one check of a backend to the next, jittered; not 0.
        package var interval = Duration.seconds(5)
        /// How long a check may take; not 0.
        package var timeout = Duration.seconds(2)
        /// What is asked.
        package var check = Check.websocket
        /// The path that `http` and `websocket` ask for.
        package var path = "/"
        /// nil = the upstream's name.
        package var host: String?
        /// Failed checks in a row before nothing new goes to the backend.
        package var unhealthyAfter = 3
        /// Good checks in a row before it is back.
        package var healthyAfter = 2

        /// The defaults.
        package init() {}

        static let table = Table("Checks of our own, beside what requests of clients show.", start: Self()) {
            Key.value(
                "interval", \.interval, .someDuration, "From one check of a backend to the next, jittered."
            )
            Key.value("timeout", \.timeout, .someDuration, "How long a check may take.")
            Key.value(
                "check", \.check, .choice(("tcp", .tcp), ("http", .http), ("websocket", .websocket)),
                "`tcp`: a connection; `http`: a status below 400; `websocket`: a WebSocket on which a Ping is answered."
            )
            Key.value("path", \.path, .path, "What `http` and `websocket` ask for.")
            Key.optional(
                "host", \.host, .text, "The Host field of these requests.", example: "app.example.com",
                unset: "`tls.server_name`, or the upstream's name"
            )
            Key.value(
                "unhealthy_after", \.unhealthyAfter, .integer(1...100),
                "Failed checks in a row before nothing new goes to the backend."
            )
            Key.value(
                "healthy_after", \.healthyAfter, .integer(1...100), "Good checks in a row before it is back.")
        }
    }

    /// Who gets a new session.
    package var balance = BalancePolicy.Rule.leastSessions
    /// What `hash` goes by.
    package var hashKey = HashKey.clientIP
    /// When another backend may be asked.
    package var retry = Retry()
    /// What backends are asked at the same time.
    package var handshakes = Handshakes()
    /// What clients' requests tell of a backend, and how it comes to its full share. What checks tell is in `health`.
    package var rules = HealthRules()
    /// Percent of the backends that may rest for failures other than refused connections.
    package var mostResting = 50
    /// nil = no checks.
    package var health: Health?
    /// How often `dns:` names are looked up.
    package var resolveInterval = Duration.seconds(10)
    /// Sessions a second that are moved from overfull backends to others; 0 = none.
    package fileprivate(set) var rebalanceRate = 0
    /// A PROXY protocol v2 header goes first on each connection.
    package var sendsProxyHeader = false

    /// The defaults.
    package init() {}

    /// How a backend is judged, by requests and by checks.
    package var allRules: HealthRules {
        var rules = rules
        rules.unhealthyAfter = health?.unhealthyAfter ?? rules.unhealthyAfter
        rules.healthyAfter = health?.healthyAfter ?? rules.healthyAfter
        return rules
    }

    static let balances = Scalar<BalancePolicy.Rule>.cases()

    static let ejection = Table(
        "When a backend rests because requests of clients have failed there.", start: Self()
    ) {
        Key.value(
            "connect_failures", \.rules.connectFailures, .integer(1...1000),
            "Refused or timed-out connections in a row before the backend rests."
        )
        Key.value(
            "failures", \.rules.failures, .integer(1...1000), "Other failures in a row before it rests.")
        Key.value("rest", \.rules.firstRest, .duration, "The first rest; each one after it is twice as long.")
        Key.value("longest_rest", \.rules.longestRest, .duration, "No rest is longer.")
        Key.value(
            "most", \.mostResting, .percent,
            "The share of backends that may rest for failures other than refused connections.")
    }

    static let rebalance = Table("Moves sessions to backends that came back.", start: Self()) {
        Key.value(
            "rate", \.rebalanceRate, .integer(0...1_000_000),
            "Sessions a second that are closed with 1012 on overfull backends, so that they come again; 0 = none."
        )
    }

    static let table = Table("How backends are chosen, watched and spared.", start: Self(), rules: rules) {
        Key.value("balance", \.balance, balances, "Which backend gets a new session.")
        Key.value(
            "hash_key", \.hashKey, .hashKey,
            "What `balance: hash` goes by; `query:sid` for Engine.IO."
        )
        Key.value(
            "slow_start", \.rules.slowStart, .duration,
            "A new or recovered backend gets its full share after this time; 0 = at once."
        )
        Key.value(
            "resolve_interval", \.resolveInterval, .duration,
            "How often `dns:` names are looked up, or sooner if an answer holds for less time. The last good answer is kept."
        )
        Key.value(
            "proxy_protocol", \.sendsProxyHeader, .choice(("v2", true), ("off", false)),
            "Sends a PROXY header first on each connection. Connections are then neither shared nor kept warm."
        )
        Key.section("retry", \.retry, Retry.table)
        Key.section("handshakes", \.handshakes, Handshakes.table)
        Key.section("ejection", \.self, ejection)
        Key.optionalSection("health", \.health, Health.table, canBeOff: true, unset: "no checks")
        Key.section("rebalance", \.self, rebalance)
    }

    private static let start = Self()
    /// What is written as it is by default does no harm: a file that is shown has all of it.
    private static let rules: [Rule<Self>] = [
        Rule { policy, section in
            if let place = section.keyPlace("hash_key"), policy.balance != .hash,
                policy.hashKey != start.hashKey
            {
                section.warn(place, "'hash_key' in \(section.title) has no effect without 'balance: hash'")
            }
        },
        Rule { policy, section in
            if let place = section.keyPlace("rebalance"), policy.rebalanceRate > 0, policy.balance == .hash {
                section.warn(
                    place,
                    "'rebalance' in \(section.title) moves sessions that 'balance: hash' sends back to where they were"
                )
            }
        },
    ]
}

extension Scalar where Value == HashKey {
    fileprivate static var hashKey: Self {
        Scalar(
            form: Form(
                words: "`client_ip`, `path`, `header:NAME`, `cookie:NAME` or `query:NAME`",
                schema: ["type": "string", "pattern": "^(client_ip|path|(header|cookie|query):.+)$"]),
            expected: "client_ip, path, header:NAME, cookie:NAME or query:NAME",
            parse: { text, _ in
                switch HashKey(text) {
                case .header(let name)? where !isToken(name), .cookie(let name)? where !isToken(name): nil
                case let key: key
                }
            },
            print: { $0.description })
    }
}

extension Scalar where Value == String {
    /// What a request can ask for.
    fileprivate static var path: Self {
        Scalar(
            form: Form(words: "path", schema: ["type": "string", "pattern": "^/"], isText: true),
            expected: "a path that begins with '/'",
            parse: { text, _ in (try? RequestTarget(text: text)) != nil ? text : nil }, print: { $0 })
    }
}
