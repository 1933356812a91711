internal import Configuration
internal import PerMessageDeflate
internal import Routing
internal import WebSocketProtocol

/// A route as sessions live by it: resolved policy, and the places on it that it shares with its earlier forms.
final class Route: Sendable {
    struct Limits: Sendable {
        let client: PeerLimits
        let backend: PeerLimits
        /// Bytes of a message that a feed passes on: it must hold all of it.
        let feedMessage: Int
        /// Bytes that may wait on one leg before the other is paused.
        let buffer: Int
        /// Bytes of a plain request's body; 0 = no limit. So are the rates.
        let requestBody: Int
        let messagesPerSecond: Int
        let closesOverRate: Bool
        let controlFramesPerSecond: Int
    }

    /// What one of the two peers may send.
    struct PeerLimits: Sendable {
        let frames: FrameLimits
        let inflate: InflateLimits
    }

    /// Nanoseconds; 0 = off.
    struct Timeouts: Sendable {
        let idle: UInt64
        let close: UInt64
        let slowConsumer: UInt64
        let pingInterval: UInt64
        let pongTimeout: UInt64
        /// Silence within a plain request's body, and within a response.
        let requestBody: UInt64
        let responseBody: UInt64
        /// Event streams are held to it too.
        let boundsEventStreams: Bool
    }

    enum Action: Sendable {
        case upstream(String)
        case respond(status: Int, body: String, contentType: String)
    }

    let name: String
    let action: Action
    /// The bytes of its own answer, shared by all who get it.
    let answer: [UInt8]
    let rewrite: PathRewrite?
    let ambiguousPaths: AmbiguousPaths
    let origins: OriginPolicy
    /// nil where compression is off.
    let compression: DeflateOptions?
    /// Backends are offered permessage-deflate too.
    let compressesUpstream: Bool
    let passesExtensions: Bool
    let limits: Limits
    let timeouts: Timeouts
    private let capacity: Int
    private let perClient: Int
    let occupancy: RouteOccupancy

    init(
        name: String, action: Action, rewrite: PathRewrite?, ambiguousPaths: AmbiguousPaths,
        origins: OriginPolicy,
        compression: DeflateOptions?, compressesUpstream: Bool,
        passesExtensions: Bool, limits: Limits, timeouts: Timeouts, capacity: Int, perClient: Int,
        occupancy: RouteOccupancy
    ) {
        self.name = name
        self.action = action
        answer = if case .respond(_, let body, _) = action { Array(body.utf8) } else { [] }
        self.rewrite = rewrite
        self.ambiguousPaths = ambiguousPaths
        self.origins = origins
        self.compression = compression
        self.compressesUpstream = compressesUpstream
        self.passesExtensions = passesExtensions
        self.limits = limits
        self.timeouts = timeouts
        self.capacity = capacity
        self.perClient = perClient
        self.occupancy = occupancy
    }

    /// Takes a place for a session or request of this client.
    func enter(client address: String) throws(Fault) -> RoutePlace {
        try occupancy.enter(
            capacity: capacity, client: perClient > 0 ? ClientKey(address) : nil, perClient: perClient)
    }
}
