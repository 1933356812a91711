package import HTTPProtocol
package import PerMessageDeflate
package import WebSocketProtocol

/// `limits`, of a route or the default of all. Where there is no limit stands 0, or the largest number.
package struct LimitsConfiguration: Equatable, Sendable {
    /// What one of the two peers of a session may send.
    package struct Peer: Equatable, Sendable {
        /// Of frames and messages as they come on the wire.
        package var frames: FrameLimits
        /// Of messages once inflated.
        package var inflate: InflateLimits
    }

    /// Sessions and requests at once, over all workers. 0 = no limit.
    package var connections = 20_000
    /// The same from one client address, or one IPv6 /64. 0 = no limit.
    package private(set) var connectionsPerClient = 0
    /// Of clients.
    package var client = Peer(frames: FrameLimits(fragments: 100_000), inflate: InflateLimits())
    /// Of backends, which are trusted to know what they send: nothing of it is held, so its size does no harm here.
    package var backend = Peer(
        frames: FrameLimits(frame: .max, message: .max, fragments: 100_000),
        inflate: InflateLimits(message: .max, ratio: 0))
    /// Bytes that may wait for one leg, in one direction, before reading from the other pauses.
    package private(set) var buffer = 256 << 10
    /// Bytes of a plain request's body. 0 = no limit.
    package var requestBody = 0
    /// Messages a second from the client of one session. 0 = no limit.
    package var messagesPerSecond = 0
    /// Over the rate a session is closed; otherwise it is read more slowly.
    package var closesOverRate = false
    /// Pings, pongs and Closes a second from one peer. 0 = no limit.
    package private(set) var controlFramesPerSecond = 100
    /// `per`: of all that comes with the same key.
    package private(set) var keyed: [KeyedLimitConfiguration] = []
    /// Of a request's head and an answer's. They count before a route is known: only the default does.
    package var head = HeadLimits()
    /// Bytes that may be held for all peers of the process together. nil = a share of the machine's memory, 0 = no limit.
    /// A route's own is not looked at, nor are the next two.
    package var memory: Int?
    /// Connections of clients that the process accepts. 0 = as many as the limit on descriptors leaves room for, which
    /// bounds it in any case.
    package private(set) var clientConnections = 0
    /// The same from one address, or one IPv6 /64. 0 = no limit.
    package private(set) var clientConnectionsPerClient = 0

    /// Bytes of a message that a feed passes on: it must hold all of it.
    package var feedMessage: Int { backendMessage >= .max / 4 ? clientMessage : backendMessage }

    // MARK: One key for two values

    private var clientMessage: Int {
        get { client.frames.message }
        set { (client.frames.message, client.inflate.message) = (newValue, newValue) }
    }
    private var backendMessage: Int {
        get { backend.frames.message }
        set { (backend.frames.message, backend.inflate.message) = (newValue, newValue) }
    }
    private var fragments: Int {
        get { client.frames.fragments }
        set { (client.frames.fragments, backend.frames.fragments) = (newValue, newValue) }
    }

    // MARK: Keys

    static let table = Table(
        "Bounds on what peers may have and send; 0 = no limit.", start: Self(), rules: rules
    ) {
        Key.value(
            "memory", \.memory, .auto(or: .size()).expecting("auto, or a size such as 512MiB; 0 = no limit"),
            "Bytes held for all peers together; over it 503, and those that hold most are cut first. `auto` is a quarter of the machine's memory, or of the control group's."
        )
        Key.value(
            "client_connections", \.clientConnections, .integer(0...Int.max),
            "Connections of clients, counted when they are accepted. Over it 503, or with TLS a close. 0 = as many as the limit on descriptors leaves room for."
        )
        Key.value(
            "client_connections_per_client", \.clientConnectionsPerClient, .integer(0...Int.max),
            "The same from one address, or one IPv6 /64.")
        keysOfRoutes
    }

    /// What a route may say for itself.
    static let tableOfRoutes = Table(
        "The route's own limits.", start: Self(), rules: rules + rulesOfRoutes
    ) { keysOfRoutes }

    @KeyList<Self>
    private static var keysOfRoutes: [Key<Self>] {
        Key.value(
            "connections", \.connections, .integer(0...Int.max), "Sessions and requests at once; over it 503."
        )
        Key.value(
            "connections_per_client", \.connectionsPerClient, .integer(0...Int.max),
            "The same from one client address, or one IPv6 /64.")
        Key.value(
            "request_head", \.head.bytes, .size(1...Int.max),
            "Bytes of a request's head; over it 431. Has no effect on a route, since the route is not known yet."
        )
        Key.value(
            "fields", \.head.fields, .integer(1...100_000),
            "Field lines of a head; all cookies of HTTP/2 count as one; over it 431. Has no effect on a route."
        )
        Key.value("request_body", \.requestBody, .size(), "Bytes of a plain request's body; over it 413.")
        Key.value(
            "frame", \.client.frames.frame, .limit,
            "Payload bytes of one frame from a client; over it Close 1009.")
        Key.value(
            "message", \.clientMessage, .limit,
            "Bytes of one message from a client, after inflation; over it Close 1009. Longer ones from a feed's backend are left out."
        )
        Key.value(
            "backend_frame", \.backend.frames.frame, .limit,
            "The same from backends; over it the client gets 1009.")
        Key.value("backend_message", \.backendMessage, .limit, "The same from backends.")
        Key.value(
            "fragments", \.fragments, .integer(1...1_000_000_000),
            "Frames of one message, from either side; over it Close 1008.")
        Key.value(
            "messages_per_second", \.messagesPerSecond, .integer(0...1_000_000_000),
            "Messages a second from a session's client.")
        Key.value(
            "rate_action", \.closesOverRate, .choice(("throttle", false), ("close", true)),
            "What becomes of a session over that rate: it is read more slowly, or closed with 1008.")
        Key.value(
            "control_frames_per_second", \.controlFramesPerSecond, .integer(0...1_000_000_000),
            "Pings, pongs and Closes a second from one peer; over it Close 1008.")
        Key.value(
            "inflate_ratio", \.client.inflate.ratio, .integer(0...100_000),
            "Inflated bytes per byte received, over time; over it a session is read more slowly."
        )
        Key.value(
            "buffer", \.buffer, .size(),
            "Bytes that may wait for one side of a session before the other is no longer read.")
        Key.sections(
            "per", \.keyed, KeyedLimitConfiguration.table, title: { "entry \($0) of 'per' in \($1)" },
            usual: "key", lacking: nil, start: { _ in KeyedLimitConfiguration() },
            check: { item, section, limits in
                guard limits.keyed.contains(where: { $0.source == item.source }) else { return }
                section.complain(section.place, "'per' has '\(item.source.text)' twice")
            })
    }

    /// What is written as it is by default does no harm.
    private static let rulesOfRoutes: [Rule<Self>] = [
        Rule { limits, section in
            let start = HeadLimits()
            for (key, isOther) in [
                ("request_head", limits.head.bytes != start.bytes),
                ("fields", limits.head.fields != start.fields),
            ] where isOther {
                guard let place = section.keyPlace(key) else { continue }
                section.warn(
                    place,
                    "'\(key)' of a route has no effect: it counts before the route is known, set it in 'limits' at the top"
                )
            }
        }
    ]

    private static let rules: [Rule<Self>] = [
        Rule { limits, section in
            let frames = limits.client.frames
            if let place = section.keyPlace("frame"), frames.frame < .max / 4, frames.frame > frames.message,
                frames.frame != FrameLimits().frame
            {
                section.warn(
                    place, "'frame' is larger than 'message', which bounds it: it never takes effect")
            }
        }
    ]
}
