internal import Configuration
internal import PerMessageDeflate
internal import Routing

/// A route as sessions live by it: resolved policy, and the places on it that it shares with its earlier forms.
final class Route: Sendable {
    typealias PeerLimits = LimitsConfiguration.Peer
    typealias Timeouts = TimeoutsConfiguration

    let name: String
    /// The labels of an upgrade that a backend accepted: those of the same array are found without a look at them.
    let countedAccepted: [String]
    let action: RouteConfiguration.Action
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
    /// Lets clients come back to their sessions; nil where they don't.
    let resume: ResumeConfiguration?
    /// nil where it lets everybody in and changes nothing.
    let passage: RoutePassage?
    let limits: LimitsConfiguration
    /// What `limits.per` asks for.
    let keyed: [KeyedRule]
    /// 0 = for ever.
    let maxAge: Duration
    let timeouts: Timeouts
    let occupancy: RouteOccupancy
    /// Its upstream is fanned out to its clients.
    let isBroadcast: Bool
    /// Its sessions may outlive their backends.
    let isContinued: Bool

    init(
        _ route: RouteConfiguration, _ timeouts: Timeouts, passage: RoutePassage? = nil,
        occupancy: RouteOccupancy, keyed: [KeyedRule] = [], upstream: UpstreamConfiguration? = nil
    ) {
        name = route.name
        countedAccepted = [route.name, "accepted"]
        action = route.action
        answer = if case .respond(let response) = route.action { Array(response.body.utf8) } else { [] }
        rewrite = route.rewrite
        ambiguousPaths = route.ambiguousPaths
        origins = OriginPolicy(route.origins)
        compression = route.compression.towardsClients
        compressesUpstream = route.compression.mode == .both
        passesExtensions = route.compression.mode == .passthrough
        resume = route.compression.mode == .passthrough ? nil : route.resume
        self.passage = passage
        limits = route.limits
        self.keyed = keyed
        maxAge = route.maxAge
        self.timeouts = timeouts
        self.occupancy = occupancy
        isBroadcast = upstream?.mode == .broadcast
        isContinued = upstream?.continuity != nil && upstream?.mode != .broadcast && !passesExtensions
    }

    /// That its requests go to; empty where they go to none.
    var upstream: String { if case .upstream(let name) = action { name } else { "" } }

    /// Takes a place for a session or request of this client.
    func enter(client address: String) throws(Fault) -> RoutePlace {
        let perClient = limits.connectionsPerClient
        return try occupancy.enter(
            capacity: limits.connections, client: perClient > 0 ? ClientKey(address) : nil,
            perClient: perClient)
    }
}
