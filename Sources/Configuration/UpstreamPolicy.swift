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
        /// Other backends that one request may be sent to after the first. 0 = none.
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
        /// Nanoseconds that a client may wait for a place, then 503. 0 = for ever.
        package var queueTimeout: UInt64 = 10_000_000_000
    }

    /// `ejection`: what clients' requests tell of a backend.
    package struct Ejection: Equatable, Sendable {
        /// Refused or timed-out connections in a row, then the backend rests.
        package var connectFailures = 1
        /// Other failures in a row, then it rests.
        package var failures = 5
        /// Nanoseconds of the first rest; each one after it is twice as long.
        package var rest: UInt64 = 1_000_000_000
        /// Nanoseconds that no rest is longer than.
        package var longestRest: UInt64 = 30_000_000_000
        /// Percent of the backends that may rest for failures other than refused connections.
        package var most = 50
    }

    /// `health`: checks of our own.
    package struct Health: Equatable, Sendable {
        /// What is asked.
        package enum Check: String, Equatable, Sendable { case tcp, http, websocket }

        /// Nanoseconds from one check of a backend to the next, jittered; not 0.
        package var interval: UInt64 = 5_000_000_000
        /// Nanoseconds that a check may take; not 0.
        package var timeout: UInt64 = 2_000_000_000
        /// What is asked.
        package var check = Check.websocket
        /// The path that `http` and `websocket` ask for.
        package var path = "/"
        /// nil = the upstream's name.
        package var host: String?
        /// Failed checks in a row, then nothing new goes to the backend.
        package var unhealthyAfter = 3
        /// Good checks in a row, then it is back.
        package var healthyAfter = 2

        /// The defaults.
        package init() {}
    }

    /// Who gets a new session.
    package var balance = Balance.leastSessions
    /// As it is spelled: client_ip, header:NAME, cookie:NAME, query:NAME or path.
    package var hashKey = "client_ip"
    /// Nanoseconds in which a new or recovered backend comes to its full share. 0 = at once.
    package var slowStart: UInt64 = 10_000_000_000
    /// When another backend may be asked.
    package var retry = Retry()
    /// What backends are asked at the same time.
    package var handshakes = Handshakes()
    /// When backends rest.
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
