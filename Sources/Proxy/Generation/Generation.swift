internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import Routing
internal import TLS

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
    /// Connected clients, by address.
    let clients: ClientConnections
    /// Those of them that are to ask for WebSockets by HTTP/1.1.
    let strays: StrayClients
    let passwords: PasswordDesk
    let tokenLives: TokenLives
    let workers: WorkerDirectory
    let family: ProcessFamily
    /// Keys that are fetched, each with a route that uses them.
    let fetchedKeys: [(FetchedKeys, Route)]
    /// Parameters of queries that have tokens in them.
    let maskedParameters: [String]

    /// What authorities are shown.
    let challenges: ChallengeBook

    init(
        _ configuration: ProxyConfiguration, backendTLS: [String: ClientTLSContext],
        access: [String: AccessFiles] = [:], challenges: ChallengeBook, state: ProcessState
    ) {
        self.configuration = configuration
        self.challenges = challenges
        registry = state.backends
        clients = state.clients
        strays = state.strays
        passwords = state.passwords
        tokenLives = state.tokenLives
        workers = state.workers
        family = state.family
        let states = registry.adopt(configuration.upstreams.mapValues { $0.entries })
        var upstreams: [String: UpstreamSettings] = [:]
        for (name, upstream) in configuration.upstreams {
            guard let state = states[name] else { continue }
            upstreams[name] = UpstreamSettings(configuration: upstream, tls: backendTLS[name], state: state)
        }
        self.upstreams = upstreams
        sendsProxyHeaders = upstreams.values.contains { $0.policy.sendsProxyHeader }
        routes = configuration.routes.map { route in
            Route(
                route, configuration.timeouts,
                passage: RoutePassage(route, access[route.name] ?? AccessFiles(), state: state),
                occupancy: state.occupancy(route: route.name),
                keyed: route.limits.keyed.map { state.keyed(route: route.name, $0) },
                upstream: route.upstream(in: configuration))
        }
        fetchedKeys = routes.compactMap { route in
            guard case .fetched(let keys)? = route.passage?.access?.tokens?.keys else { return nil }
            return (keys, route)
        }
        maskedParameters =
            [ResumeRequest.parameter] + configuration.routes.flatMap { $0.tokenSources?.queryNames ?? [] }
    }

    /// The routes to look a request up in. Each worker has its own table, since patterns are not to be shared.
    func table() -> RouteTable { RouteTable(configuration.routes.map { RouteMatch($0.match) }) }

    /// The route that the table named.
    func route(at index: Int) -> Route? { routes.indices.contains(index) ? routes[index] : nil }

    /// Whether a WebSocket could be carried anywhere: extended CONNECT is not offered for nothing (RFC 8441, 3).
    var takesWebSockets: Bool {
        configuration.routes.contains { route in
            guard case .upstream = route.action else { return false }
            return route.match.upgrade != .none
        }
    }

    /// Whether there is still a route of this name: its sessions may stay.
    func hasRoute(_ name: String) -> Bool { configuration.routes.contains { $0.name == name } }
}

extension RouteConfiguration {
    fileprivate func upstream(in configuration: ProxyConfiguration) -> UpstreamConfiguration? {
        guard case .upstream(let name) = action else { return nil }
        return configuration.upstreams[name]
    }
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
    init(_ match: RouteConditions) {
        self.init(
            host: match.host, path: match.path.map { path in (try? RequestTarget(text: path))?.path ?? path },
            upgrade: match.upgrade, pattern: match.pathPattern.map { PathPattern($0) }, fields: match.fields,
            subprotocols: match.subprotocols, listener: match.listener)
    }
}
