internal import Configuration
internal import EventLoop
internal import PerMessageDeflate
internal import Routing
internal import TLS
internal import WebSocketProtocol

/// One configuration as the workers use it: a value with everything resolved, shared and never changed. A reload makes
/// another; sessions keep what they took from theirs.
final class Generation: Sendable {
    let configuration: ProxyConfiguration
    private let routes: [Route]
    private let table: RouteTable
    private let backendTLS: [String: ClientTLSContext]

    init(_ configuration: ProxyConfiguration, backendTLS: [String: ClientTLSContext]) {
        self.configuration = configuration
        self.backendTLS = backendTLS
        routes = configuration.routes.map { Route($0, configuration) }
        table = RouteTable(
            configuration.routes.map { RouteMatch(host: $0.host, path: $0.path, upgrade: .init($0.upgrade)) })
    }

    /// The first route for a host and a normalised path.
    func route(host: String, path: String, isUpgrade: Bool) -> Route? {
        table.route(host: host, path: path, isUpgrade: isUpgrade).map { routes[$0] }
    }

    /// A worker's own view of the upstreams.
    func makeUpstreams() -> [String: Upstream] {
        Dictionary(
            uniqueKeysWithValues: configuration.upstreams.map { name, upstream in
                let backends = upstream.backends.compactMap { backend -> Backend? in
                    guard let address = BackendAddress(backend.address) else { return nil }
                    return Backend(
                        address, weight: backend.weight, connectTimeout: upstream.connectTimeout,
                        tls: backendTLS[name])
                }
                let policy = BalancePolicy(upstream.isRoundRobin ? .roundRobin : .leastSessions)
                return (
                    name,
                    Upstream(
                        name: name, backends: backends, policy: policy,
                        responseTimeout: upstream.responseTimeout,
                        plainResponseTimeout: upstream.plainResponseTimeout)
                )
            })
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
    convenience init(_ route: RouteConfiguration, _ whole: ProxyConfiguration) {
        let action: Action =
            switch route.action {
            case .upstream(let name): .upstream(name)
            case .respond(let status, let body, let type):
                .respond(status: status, body: body, contentType: type)
            }
        let rewrite: PathRewrite? = route.rewrite.map {
            switch $0 {
            case .strip(let prefix): .stripPrefix(prefix)
            case .replace(let prefix, let replacement): .replacePrefix(prefix, with: replacement)
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
            name: route.name, action: action, rewrite: rewrite, origins: OriginPolicy(route.origins),
            compression: compression.mode == .edge ? options : nil,
            passesExtensions: compression.mode == .passthrough,
            limits: Limits(
                frames: FrameLimits(
                    frame: limits.frame, message: limits.message, fragments: limits.fragments),
                inflate: InflateLimits(message: limits.message, ratio: limits.inflateRatio),
                buffer: limits.buffer, requestBody: limits.requestBody,
                messagesPerSecond: limits.messagesPerSecond, closesOverRate: limits.closesOverRate,
                controlFramesPerSecond: limits.controlFramesPerSecond),
            timeouts: Timeouts(
                idle: timeouts.idle, close: timeouts.close, slowConsumer: timeouts.slowConsumer,
                pingInterval: whole.keepalive.pingInterval, pongTimeout: whole.keepalive.pongTimeout),
            capacity: limits.connections)
    }
}
