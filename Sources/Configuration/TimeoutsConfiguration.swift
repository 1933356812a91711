/// `timeouts` and `keepalive`. 0 = without end, but for `close` and `drain`, where it means at once.
package struct TimeoutsConfiguration: Equatable, Sendable {
    /// From accept to the end of the TLS handshake.
    package private(set) var handshake = Duration.seconds(10)
    /// For a request's head to come whole.
    package private(set) var requestHead = Duration.seconds(10)
    /// Silence within a plain request's body.
    package var requestBody = Duration.seconds(60)
    /// As it is written; nil = not at all.
    private var writtenResponseBody: Duration?
    /// Silence between two requests on a connection.
    package private(set) var keepAlive = Duration.seconds(60)
    /// A session without a message in either direction.
    package var idle = Duration.zero
    /// From our Close to the peer's, or to the end of its bytes.
    package var close = Duration.seconds(5)
    /// A peer takes nothing of what waits for it, then its session ends.
    package private(set) var slowConsumer = Duration.seconds(30)
    /// From the first signal to exit, whoever is still there.
    package var drain = Duration.seconds(30)
    /// Silence before a Ping, jittered. 0 = no Pings.
    package private(set) var pingInterval = Duration.seconds(30)
    /// From a Ping to anything from the peer, then the peer counts as dead. 0 = never.
    package private(set) var pongTimeout = Duration.seconds(15)

    /// Silence within a response to a plain request.
    package var responseBody: Duration { writtenResponseBody ?? .seconds(60) }
    /// Event streams are held to that too, as it was set on purpose.
    package var boundsEventStreams: Bool { writtenResponseBody != nil }

    static let table = Table(
        "Time limits of the whole process; 0 = no limit, for `close` and `drain`: at once.", start: Self(),
        rules: rules
    ) {
        Key.value("handshake", \.handshake, .duration, "From accept to the end of the TLS handshake.")
        Key.value(
            "request_head", \.requestHead, .duration, "For a request's head to arrive in full; over it 408.")
        Key.value("request_body", \.requestBody, .duration, "Silence within a plain request's body.")
        Key.optional(
            "response_body", \.writtenResponseBody, .duration,
            "Silence within a response; over it the response is cut. It holds for event streams only if it is set.",
            example: "60s", unset: "60s, without end for event streams"
        )
        Key.value("keep_alive", \.keepAlive, .duration, "Silence between two requests on a connection.")
        Key.value(
            "idle", \.idle, .duration,
            "A session without a message in either direction; over it Close 1001."
        )
        Key.value(
            "close", \.close, .duration,
            "From our Close to the peer's; up to twelve times that while its bytes keep moving."
        )
        Key.value(
            "slow_consumer", \.slowConsumer, .duration,
            "How long a peer may take nothing of what waits for it.")
        Key.value("drain", \.drain, .duration, "How long SIGTERM may take.")
    }

    static let keepalive = Table(
        "Pings to both sides of a session. A peer is dead when it was asked and nothing moves in either direction.",
        start: Self()
    ) {
        Key.value(
            "ping_interval", \.pingInterval, .duration, "Silence before a Ping, jittered; 0 = no Pings.")
        Key.value(
            "pong_timeout", \.pongTimeout, .duration,
            "From a Ping to any sign of the peer, then it counts as dead; 0 = never.")
    }

    private static let rules: [Rule<Self>] = [
        Rule { timeouts, section in
            if timeouts.drain == .zero, let place = section.keyPlace("drain") {
                section.warn(
                    place, "'drain' is 0: when the process ends every session is cut at once, without a Close"
                )
            }
        }
    ]
}
