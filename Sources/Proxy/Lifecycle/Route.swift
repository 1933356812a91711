internal import PerMessageDeflate
internal import Routing
internal import Synchronization
internal import WebSocketProtocol

/// A route as sessions live by it: resolved policy and the number of sessions on it, over all workers.
final class Route: Sendable {
    struct Limits: Sendable {
        let frames: FrameLimits
        let inflate: InflateLimits
        /// Bytes that may wait on one leg before the other is paused.
        let buffer: Int
        /// Bytes of a plain request's body; 0 = no limit. So are the rates.
        let requestBody: Int
        let messagesPerSecond: Int
        let closesOverRate: Bool
        let controlFramesPerSecond: Int
    }

    /// Nanoseconds; 0 = off.
    struct Timeouts: Sendable {
        let idle: UInt64
        let close: UInt64
        let slowConsumer: UInt64
        let pingInterval: UInt64
        let pongTimeout: UInt64
    }

    enum Action: Sendable {
        case upstream(String)
        case respond(status: Int, body: String, contentType: String)
    }

    let name: String
    let action: Action
    let rewrite: PathRewrite?
    let origins: OriginPolicy
    /// nil where compression is off.
    let compression: DeflateOptions?
    /// Backends are offered permessage-deflate too.
    let compressesUpstream: Bool
    let passesExtensions: Bool
    let limits: Limits
    let timeouts: Timeouts
    private let capacity: Int
    private let occupied = Atomic<Int>(0)

    init(
        name: String, action: Action, rewrite: PathRewrite?, origins: OriginPolicy,
        compression: DeflateOptions?, compressesUpstream: Bool,
        passesExtensions: Bool, limits: Limits, timeouts: Timeouts, capacity: Int
    ) {
        self.name = name
        self.action = action
        self.rewrite = rewrite
        self.origins = origins
        self.compression = compression
        self.compressesUpstream = compressesUpstream
        self.passesExtensions = passesExtensions
        self.limits = limits
        self.timeouts = timeouts
        self.capacity = capacity
    }

    /// Takes a place for a session; false when the route is full. 0 = no limit.
    func enter() -> Bool {
        let now = occupied.add(1, ordering: .relaxed).newValue
        guard capacity > 0, now > capacity else { return true }
        leave()
        return false
    }

    func leave() { occupied.subtract(1, ordering: .relaxed) }
}
