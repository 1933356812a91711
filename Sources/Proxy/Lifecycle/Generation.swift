internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import PerMessageDeflate
internal import Routing
internal import TLS
internal import WebSocketProtocol

/// One configuration as the workers use it: a value with everything resolved, shared and never changed. A reload makes
/// another; sessions keep what they took from theirs.
final class Generation: Sendable {
    let configuration: ProxyConfiguration
    private let routes: [Route]
    /// Each upstream with its backends, which live longer than this generation.
    let upstreams: [String: UpstreamSettings]
    /// Some backend is told where clients' connections begin and end.
    let sendsProxyHeaders: Bool
    let registry: BackendRegistry
    /// Whoever is connected, by address.
    let clients: ClientConnections

    init(
        _ configuration: ProxyConfiguration, backendTLS: [String: ClientTLSContext], state: ProcessState
    ) {
        self.configuration = configuration
        registry = state.backends
        clients = state.clients
        let states = registry.adopt(configuration.upstreams.mapValues { $0.entries })
        var upstreams: [String: UpstreamSettings] = [:]
        for (name, upstream) in configuration.upstreams {
            guard let state = states[name] else { continue }
            upstreams[name] = UpstreamSettings(configuration: upstream, tls: backendTLS[name], state: state)
        }
        self.upstreams = upstreams
        sendsProxyHeaders = upstreams.values.contains { $0.policy.sendsProxyHeader }
        routes = configuration.routes.map {
            Route($0, configuration, occupancy: state.occupancy(route: $0.name))
        }
    }

    /// The routes to look a request up in. Each worker has its own table, since patterns are not to be shared.
    func table() -> RouteTable { RouteTable(configuration.routes.map(RouteMatch.init)) }

    /// The route that the table named.
    func route(at index: Int) -> Route? { routes.indices.contains(index) ? routes[index] : nil }

    /// Whether a WebSocket could be carried anywhere: extended CONNECT is not offered for nothing (RFC 8441, 3).
    var takesWebSockets: Bool {
        configuration.routes.contains { route in
            guard case .upstream = route.action else { return false }
            return route.upgrade != .none
        }
    }

    /// Whether there is still a route of this name: its sessions may stay.
    func hasRoute(_ name: String) -> Bool { configuration.routes.contains { $0.name == name } }
}

extension UpstreamConfiguration {
    /// Its backends as the registry takes them.
    var entries: [UpstreamState.Entry] {
        backends.compactMap { backend in
            BackendAddress(backend.address).map { address in
                UpstreamState.Entry(
                    address: address, weight: backend.weight, maxSessions: backend.maxSessions,
                    handshakes: policy.handshakes.inFlight)
            }
        }
    }
}

extension BackendAddress {
    init?(_ address: Address) {
        switch address {
        case .ip(let ip, let port):
            guard let socket = SocketAddress(ip: ip, port: port) else { return nil }
            self = .socket(socket)
        case .unix(let path):
            guard let socket = SocketAddress(unixPath: path) else { return nil }
            self = .socket(socket)
        case .name(let name, let port): self = .name(name, port: port)
        }
    }
}

extension RouteMatch {
    init(_ route: RouteConfiguration) {
        self.init(
            host: route.host, path: route.path.map(canonicalPath), upgrade: .init(route.upgrade),
            pattern: route.pathPattern.map { PathPattern($0) },
            fields: route.fields.map { FieldMatch(name: $0.name, value: $0.value) },
            subprotocols: route.subprotocols, listener: route.listener)
    }
}

extension RouteMatch.Upgrade {
    init(_ upgrade: RouteConfiguration.Upgrade) {
        self =
            switch upgrade {
            case .any: .any
            case .websocket: .webSocket
            case .none: .none
            }
    }
}

extension Route {
    convenience init(
        _ route: RouteConfiguration, _ whole: ProxyConfiguration, occupancy: RouteOccupancy
    ) {
        let action: Action =
            switch route.action {
            case .upstream(let name): .upstream(name)
            case .respond(let status, let body, let type):
                .respond(status: status, body: body, contentType: type)
            }
        let rewrite: PathRewrite? = route.rewrite.map {
            switch $0 {
            case .strip(let prefix): .stripPrefix(canonicalPath(prefix))
            case .replace(let prefix, let replacement):
                .replacePrefix(canonicalPath(prefix), with: canonicalPath(replacement))
            }
        }
        let compression = route.compression
        let options = DeflateOptions(
            level: compression.level, windowBits: compression.windowBits,
            memoryLevel: compression.memoryLevel,
            contextTakeover: compression.contextTakeover, minimumSize: compression.minimumSize)
        let limits = route.limits
        let timeouts = whole.timeouts
        self.init(
            name: route.name, action: action, rewrite: rewrite, ambiguousPaths: route.ambiguousPaths,
            origins: OriginPolicy(route.origins),
            compression: compression.mode == .edge || compression.mode == .both ? options : nil,
            compressesUpstream: compression.mode == .both,
            passesExtensions: compression.mode == .passthrough,
            limits: Limits(
                client: .ofClient(limits), backend: .ofBackend(limits),
                feedMessage: (limits.backendMessage == 0 ? limits.message : limits.backendMessage).asLimit,
                buffer: limits.buffer, requestBody: limits.requestBody,
                messagesPerSecond: limits.messagesPerSecond, closesOverRate: limits.closesOverRate,
                controlFramesPerSecond: limits.controlFramesPerSecond),
            timeouts: Timeouts(
                idle: timeouts.idle, close: timeouts.close, slowConsumer: timeouts.slowConsumer,
                pingInterval: whole.keepalive.pingInterval, pongTimeout: whole.keepalive.pongTimeout,
                requestBody: timeouts.requestBody, responseBody: timeouts.responseBody,
                boundsEventStreams: timeouts.boundsEventStreams),
            capacity: limits.connections, perClient: limits.connectionsPerClient, occupancy: occupancy)
    }
}

extension Route.PeerLimits {
    fileprivate static func ofClient(_ limits: LimitsConfiguration) -> Self {
        Self(
            frames: FrameLimits(
                frame: limits.frame.asLimit, message: limits.message.asLimit, fragments: limits.fragments),
            inflate: InflateLimits(message: limits.message.asLimit, ratio: limits.inflateRatio))
    }

    /// A backend is trusted to know what it sends: nothing of it is held, so its size does no harm here.
    fileprivate static func ofBackend(_ limits: LimitsConfiguration) -> Self {
        Self(
            frames: FrameLimits(
                frame: limits.backendFrame.asLimit, message: limits.backendMessage.asLimit,
                fragments: limits.fragments),
            inflate: InflateLimits(message: limits.backendMessage.asLimit, ratio: 0))
    }
}

/// As requests' paths are compared.
private func canonicalPath(_ path: String) -> String { (try? RequestTarget(text: path))?.path ?? path }

extension Int {
    /// A limit of the configuration, where 0 is none.
    fileprivate var asLimit: Int { self == 0 ? .max : self }
}
