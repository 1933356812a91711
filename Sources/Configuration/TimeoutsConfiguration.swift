/// `timeouts` and `keepalive`, in nanoseconds. 0 = without end, but for `close` and `drain`, where it means at once.
package struct TimeoutsConfiguration: Equatable, Sendable {
    /// From accept to the end of the TLS handshake.
    package var handshake: UInt64 = 10_000_000_000
    /// For a request's head to come whole.
    package private(set) var requestHead: UInt64 = 10_000_000_000
    /// Silence within a plain request's body.
    package var requestBody: UInt64 = 60_000_000_000
    /// As it is written; nil = not at all.
    private var writtenResponseBody: UInt64?
    /// Silence between two requests on a connection.
    package private(set) var keepAlive: UInt64 = 60_000_000_000
    /// A session without a message in either direction.
    package var idle: UInt64 = 0
    /// From our Close to the peer's, or to the end of its bytes.
    package var close: UInt64 = 5_000_000_000
    /// A peer takes nothing of what waits for it, then its session ends.
    package private(set) var slowConsumer: UInt64 = 30_000_000_000
    /// From the first signal to exit, whoever is still there.
    package var drain: UInt64 = 30_000_000_000
    /// Silence before a Ping, jittered. 0 = no Pings.
    package private(set) var pingInterval: UInt64 = 30_000_000_000
    /// From a Ping to anything from the peer, then the peer counts as dead. 0 = never.
    package private(set) var pongTimeout: UInt64 = 15_000_000_000

    /// Silence within a response to a plain request.
    package var responseBody: UInt64 { writtenResponseBody ?? 60_000_000_000 }
    /// Event streams are held to that too, as it was set on purpose.
    package var boundsEventStreams: Bool { writtenResponseBody != nil }

    static let table = Table(
        "Times of the whole process; 0 = without end, of `close` and `drain`: at once.", start: Self(),
        rules: rules
    ) {
        Key.value("handshake", \.handshake, .duration, "From accept to the end of the TLS handshake.")
        Key.value(
            "request_head", \.requestHead, .duration, "For a request's head to come whole; over it 408.")
        Key.value("request_body", \.requestBody, .duration, "Silence within a plain request's body.")
        Key.optional(
            "response_body", \.writtenResponseBody, .duration,
            "Silence within a response; over it the response is cut. Event streams are held to it only where it is written.",
            example: "60s", unset: "60s, without end for event streams"
        )
        Key.value("keep_alive", \.keepAlive, .duration, "Silence between two requests on a connection.")
        Key.value(
            "idle", \.idle, .duration,
            "A session without a message in either direction; over it Close 1001."
        )
        Key.value(
            "close", \.close, .duration,
            "From our Close to the peer's; up to twelve times that while its bytes get on."
        )
        Key.value("slow_consumer", \.slowConsumer, .duration, "A peer takes nothing of what waits for it.")
        Key.value("drain", \.drain, .duration, "How long SIGTERM may take.")
    }

    static let keepalive = Table(
        "Pings to both sides of a session: dead is who was asked, and of whom nothing moves.", start: Self()
    ) {
        Key.value(
            "ping_interval", \.pingInterval, .duration, "Silence before a Ping, jittered; 0 = no Pings.")
        Key.value(
            "pong_timeout", \.pongTimeout, .duration,
            "From a Ping to anything of the peer's, then it counts as dead; 0 = never.")
    }

    private static let rules: [Rule<Self>] = [
        Rule { timeouts, section in
            if timeouts.drain == 0, let place = section.keyPlace("drain") {
                section.warn(
                    place, "'drain' is 0: when the process ends every session is cut at once, without a Close"
                )
            }
        }
    ]
}
