/// `log`.
package struct LogConfiguration: Equatable, Sendable {
    /// Where lines go.
    package enum Target: Equatable, Sendable { case off, stdout, stderr, file(Located<String>) }

    /// Where a line for each session and request goes; events go to stderr always.
    package var access = Target.stdout
    /// A JSON object a line, or `key=value` text.
    package var isJSON = true
    /// The least level of events that are written, by its name in swift-log.
    package var level = "info"
}

/// `limits`.
package struct LimitsConfiguration: Equatable, Sendable {
    /// Sessions and requests at once, over all workers; over it 503. 0 = no limit.
    package var connections = 20_000
    /// The same of one client address, or one IPv6 /64. 0 = no limit.
    package var connectionsPerClient = 0
    /// Bytes of a request's head, over it 431; 1 or more. Counts before a route is known, so only the default does.
    package var requestHead = 16 << 10
    /// Field lines of a head, cookies over HTTP/2 counting as one; 1 or more. Over it a client gets 431, and a backend's
    /// answer counts as malformed. Only the default counts, as for `requestHead`.
    package var fields = 200
    /// Payload bytes of one frame from a client, over it Close 1009. 0 = no limit.
    package var frame = 16 << 20
    /// Bytes of one message from a client once inflated, over it Close 1009. 0 = no limit. A feed leaves its backend's out
    /// by the same number, unless there is one for backends.
    package var message = 16 << 20
    /// `frame` of what backends send. 0 = no limit: memory is bounded by streaming.
    package var backendFrame = 0
    /// `message` of what backends send. 0 = no limit.
    package var backendMessage = 0
    /// Bytes that may be held for all peers of the process together; over it 503, and the largest holders are given up.
    /// nil = a share of the machine's memory, 0 = no limit. A route's own is not looked at.
    package var memory: Int?
    /// Connections of clients that the process accepts, before TLS and before a request; over it they are refused. 0 = as many
    /// as the limit on descriptors leaves room for, which bounds it in any case. A route's own is not looked at.
    package var clientConnections = 0
    /// The same of one address, or one IPv6 /64. 0 = no limit. A route's own is not looked at.
    package var clientConnectionsPerClient = 0
    /// Inflated bytes for each byte received, over time; a session that goes on beyond it is read more slowly. 0 = no limit.
    package var inflateRatio = 200
    /// Bytes that may wait for one leg, in one direction, before reading from the other pauses.
    package var buffer = 256 << 10
    /// Bytes of a plain request's body, over it 413. 0 = no limit.
    package var requestBody = 0
    /// Frames of one message, over it Close 1008; 1 or more.
    package var fragments = 100_000
    /// Messages a second from the client of one session. 0 = no limit.
    package var messagesPerSecond = 0
    /// Over the rate a session is closed; otherwise it is read more slowly.
    package var closesOverRate = false
    /// Pings, pongs and Closes a second from one peer, over it Close 1008. 0 = no limit.
    package var controlFramesPerSecond = 100
}

/// `timeouts`, in nanoseconds. 0 = without end, but for `close` and `drain`, where it means at once.
package struct TimeoutsConfiguration: Equatable, Sendable {
    /// From accept to the end of the TLS handshake.
    package var handshake: UInt64 = 10_000_000_000
    /// For a request's head to come whole, over it 408.
    package var requestHead: UInt64 = 10_000_000_000
    /// A session without a message in either direction, then Close 1001.
    package var idle: UInt64 = 0
    /// From our Close to the peer's, or to the end of its bytes.
    package var close: UInt64 = 5_000_000_000
    /// A peer takes nothing of what waits for it, then its session ends.
    package var slowConsumer: UInt64 = 30_000_000_000
    /// From the first signal to exit, whoever is still there.
    package var drain: UInt64 = 30_000_000_000
    /// Silence within a plain request's body.
    package var requestBody: UInt64 = 60_000_000_000
    /// Silence within a response to a plain request, over it the response is cut.
    package var responseBody: UInt64 = 60_000_000_000
    /// Event streams are held to it too, as it was set on purpose.
    package var boundsEventStreams = false
    /// Silence between two requests on a connection.
    package var keepAlive: UInt64 = 60_000_000_000
}

/// `compression`.
package struct CompressionConfiguration: Equatable, Sendable {
    /// Who compresses.
    package enum Mode: String, Equatable, Sendable { case edge, both, passthrough, off }

    /// Who compresses what.
    package var mode = Mode.edge
    /// zlib's level, 1 (fast) to 9 (small).
    package var level = 4
    /// Base-2 logarithm of the window in bytes, 9 to 15 (RFC 7692, 7.1.2).
    package var windowBits = 12
    /// zlib's memory level of a compressor, 1 to 9.
    package var memoryLevel = 5
    /// Whether messages refer to earlier ones (RFC 7692, 7.1.1).
    package var contextTakeover = true
    /// Bytes; smaller messages go uncompressed.
    package var minimumSize = 128
    /// Of the whole process; a route's own is not looked at.
    package var memoryBudget = 256 << 20
}

/// `keepalive`, in nanoseconds.
package struct KeepaliveConfiguration: Equatable, Sendable {
    /// Silence before a Ping, jittered. 0 = no Pings.
    package var pingInterval: UInt64 = 30_000_000_000
    /// From a Ping to anything from the peer, then the peer counts as dead. 0 = never.
    package var pongTimeout: UInt64 = 15_000_000_000
}
