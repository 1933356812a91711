/// How the backends of an upstream are chosen, watched and spared.
package struct UpstreamPolicy: Equatable, Sendable {
    /// Who gets a new session.
    package enum Balance: String, Equatable, Sendable, CaseIterable {
        case roundRobin = "round_robin"
        case leastSessions = "least_sessions"
        case randomTwo = "random_two"
        case hash
    }

    /// `retry`: other backends, only while nothing of a response has come.
    package struct Retry: Equatable, Sendable {
        package var attempts = 2
        /// Percent of the requests that may be sent a second time.
        package var budget = 20
    }

    /// `handshakes`: what a backend is asked at the same time.
    package struct Handshakes: Equatable, Sendable {
        /// For each backend; 0 = no limit.
        package var inFlight = 256
        /// Clients that may wait for a place, of the upstream.
        package var queue = 10_000
        package var queueTimeout: UInt64 = 10_000_000_000
    }

    /// `ejection`: what clients' requests tell of a backend.
    package struct Ejection: Equatable, Sendable {
        package var connectFailures = 1
        package var failures = 5
        package var rest: UInt64 = 1_000_000_000
        package var longestRest: UInt64 = 30_000_000_000
        /// Percent of the backends that may rest for failures other than refused connections.
        package var most = 50
    }

    /// `health`: checks of our own.
    package struct Health: Equatable, Sendable {
        /// What is asked.
        package enum Check: String, Equatable, Sendable { case tcp, http, websocket }

        package var interval: UInt64 = 5_000_000_000
        package var timeout: UInt64 = 2_000_000_000
        package var check = Check.websocket
        package var path = "/"
        /// nil = the upstream's name.
        package var host: String?
        package var unhealthyAfter = 3
        package var healthyAfter = 2

        /// The defaults.
        package init() {}
    }

    package var balance = Balance.leastSessions
    /// As it is spelled: client_ip, header:NAME, cookie:NAME, query:NAME or path.
    package var hashKey = "client_ip"
    package var slowStart: UInt64 = 10_000_000_000
    package var retry = Retry()
    package var handshakes = Handshakes()
    package var ejection = Ejection()
    /// nil = no checks.
    package var health: Health?
    /// How often `dns:` names are looked up.
    package var resolveInterval: UInt64 = 10_000_000_000
    /// Sessions a second that are moved from overfull backends to others; 0 = none.
    package var rebalanceRate = 0
    /// A PROXY protocol v2 header goes first on each connection.
    package var sendsProxyHeader = false

    /// The defaults.
    package init() {}
}
