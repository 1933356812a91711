package import Configuration
internal import EventLoop
internal import TLS

/// `trunkline demo`: no file, no other program. A certificate made in memory, built-in backends, the real proxy.
package enum Demo {
    /// Runs until the process ends.
    ///
    /// - Parameters:
    ///   - address: the IP address to listen on; nil = this machine's own, which nobody else can reach.
    ///   - port: to listen on.
    /// - Throws: an address that is none, or cannot be had.
    package static func run(address: String?, port: UInt16) throws(Diagnostics) -> Never {
        Machine.prepareProcess()
        if let address, SocketAddress(ip: address, port: port) == nil {
            throw complaint("'\(address)' is no IP address")
        }
        let backend: Address
        let certificate: Certificate
        do {
            certificate = try Certificate.selfSigned()
            backend = try startBackends()
        } catch {
            throw complaint("cannot start: \(error)")
        }
        let configuration = configuration(
            hosts: address.map { [$0] } ?? loopback(), port: port, backend: backend)
        let startup = try Startup(configuration, file: "demo", certificates: [certificate])
        let server = try ProxyServer(startup, file: "demo")
        let shown = address.map { $0.contains(":") ? "[\($0)]" : $0 } ?? "localhost"
        try server.run { _ in
            Machine.say(
                "Trunkline's demo runs on https://\(shown):\(port)/ (the certificate is its own: the browser will warn)."
            )
            Machine.say("Ctrl-C ends it.")
        }
    }

    private static func complaint(_ text: String) -> Diagnostics {
        Diagnostics([Diagnostic(file: "demo", place: Place(line: 1, column: 1), text: text)])
    }

    /// Both of its addresses, where the machine has IPv6.
    private static func loopback() -> [String] {
        let facts = ListenerFacts(name: "[::1]:0", tls: nil)
        let hasIPv6 = (try? ListenerHandOut(.ip("::1", port: 0), facts: facts, workers: 1)) != nil
        return hasIPv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]
    }

    private static func startBackends() throws -> Address {
        guard let loopback = SocketAddress(ip: "127.0.0.1", port: 0) else { return .ip("127.0.0.1", port: 0) }
        let handOut = try ListenerHandOut(
            .ip("127.0.0.1", port: 0), facts: ListenerFacts(name: loopback.description, tls: nil), workers: 1)
        try WorkerThread {
            guard let loop = try? EventLoop(), let bound = handOut.take(0) else { return }
            let backend = DemoBackend(bound, on: loop)
            loop.owner = backend
            loop.run()
        }.detach()
        return .ip("127.0.0.1", port: handOut.address.port)
    }

    private static func configuration(hosts: [String], port: UInt16, backend: Address) -> ProxyConfiguration {
        var configuration = ProxyConfiguration()
        let place = Place(line: 1, column: 1)
        configuration.listeners = hosts.map { host in
            ListenerConfiguration(
                address: Located(value: .ip(host, port: port), place: place),
                tls: ListenerTLS(certificates: []))
        }
        configuration.upstreams = ["demo": UpstreamConfiguration([backend])]
        configuration.timeouts.drain = .seconds(5)
        let page = String(decoding: PackageResources.demo_html, as: UTF8.self)
        configuration.routes = ["/chat", "/ticker", "/echo"].map { path in
            route(String(path.dropFirst()), path, .upstream("demo"))
        }
        configuration.routes.append(
            route(
                "page", "/",
                .respond(.init(status: 200, body: page, contentType: "text/html; charset=utf-8"))))
        return configuration
    }

    private static func route(_ name: String, _ path: String, _ action: RouteConfiguration.Action)
        -> RouteConfiguration
    {
        var route = RouteConfiguration(name: name, action: action)
        route.match.path = path
        return route
    }
}
