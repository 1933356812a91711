internal import Telemetry

extension Metric {
    static let connectionsAccepted = counter(
        "trunkline_connections_accepted_total", "Connections of clients, by listener.", labels: ["listener"])
    static let acceptFailures = counter(
        "trunkline_accept_failures_total", "Connections that could not be accepted.", labels: ["listener"])
    static let shortages = counter(
        "trunkline_shortages_total",
        "How often the process was out of something of its own: descriptors, ports, memory.",
        labels: ["resource", "phase"])
    static let clientConnections = gauge(
        "trunkline_client_connections",
        "Connections of clients that are open now and not a session's: in TLS, between requests, or being served."
    )
    static let tlsHandshakes = counter(
        "trunkline_tls_handshakes_total", "TLS handshakes with clients that were completed.",
        labels: ["version", "resumed"])
    static let tlsFailures = counter(
        "trunkline_tls_handshake_failures_total", "TLS handshakes with clients that failed.",
        labels: ["listener"])
    static let refusals = counter(
        "trunkline_refusals_total", "Requests that were answered with a refusal of our own.",
        labels: ["status", "reason"])
    static let requests = counter(
        "trunkline_requests_total",
        "Plain requests that were carried to a backend, by the status that the client got; 0 = none.",
        labels: ["route", "status"])
    static let handshakes = counter(
        "trunkline_handshakes_total", "Upgrades that were asked of an upstream, by outcome.",
        labels: ["route", "outcome"])
    static let handshakeDuration = histogram(
        "trunkline_handshake_duration_seconds",
        "From a client's upgrade request to the 101 of its backend, dialling included.", .latency)
    static let dials = counter(
        "trunkline_dials_total", "Attempts to connect to a backend, by outcome.",
        labels: ["backend", "outcome"])
    static let dialDuration = histogram(
        "trunkline_dial_duration_seconds", "Connecting to a backend, name and TLS included.", .latency)
    static let poolTakes = counter(
        "trunkline_pool_takes_total", "Connections asked of a pool: a hit had one that was open and idle.",
        labels: ["backend", "result"])
    static let poolIdle = gauge(
        "trunkline_pool_idle_connections", "Connections to backends that are open and idle.",
        labels: ["backend"])
    static let backendUp = gauge(
        "trunkline_backend_up", "1 while a backend may be chosen for new sessions, else 0.",
        labels: ["upstream", "backend"])
    static let backendOut = gauge(
        "trunkline_backend_out", "1 for each backend that may not be chosen, with the reason.",
        labels: ["upstream", "backend", "state", "why"])
    static let backendHandshakes = gauge(
        "trunkline_backend_handshakes", "Upgrades that a backend is being asked for now.",
        labels: ["upstream", "backend"])
    static let upstreamWaiting = gauge(
        "trunkline_upstream_waiting", "Requests that wait for a place with a backend.", labels: ["upstream"])
    static let upgradeRetries = counter(
        "trunkline_upgrade_retries_total", "Upgrades that were tried with another backend.",
        labels: ["upstream"])
    static let resolveFailures = counter(
        "trunkline_resolve_failures_total", "Names of backends that could not be resolved.",
        labels: ["upstream"])
    static let unusableAddresses = counter(
        "trunkline_unusable_addresses_total",
        "Answers of name servers with addresses that no backend can have: 0.0.0.0, multicast, broadcast.",
        labels: ["upstream"])
    static let backendTransitions = counter(
        "trunkline_backend_transitions_total",
        "How often a backend was put out (unreachable, suspected, failing) and taken back (up, passing).",
        labels: ["backend", "to"])

    static let ofConnections = [
        connectionsAccepted, acceptFailures, shortages, clientConnections, tlsHandshakes, tlsFailures,
        refusals,
        requests, handshakes, handshakeDuration, dials, dialDuration, poolTakes, poolIdle,
        backendTransitions, backendUp, backendOut, backendHandshakes, upstreamWaiting, upgradeRetries,
        resolveFailures, unusableAddresses,
    ]
}
