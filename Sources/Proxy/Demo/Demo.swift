package import Configuration
internal import EventLoop
internal import TLS

/// `trunkline demo`: no file, no other program. A certificate made in memory, built-in backends, the real proxy.
package enum Demo {
    /// Runs until the process ends.
    package static func run(port: UInt16) throws(Diagnostics) -> Never {
        Machine.prepareProcess()
        let backend: Address
        let certificate: Certificate
        do {
            certificate = try Certificate.selfSigned()
            backend = try startBackends()
        } catch {
            throw complaint("cannot start: \(error)")
        }
        let configuration = configuration(port: port, backend: backend)
        let startup = try Startup(configuration, file: "demo", certificates: [certificate])
        let server = try ProxyServer(startup, file: "demo")
        try server.run { _ in
            Machine.say(
                "Trunkline's demo runs on https://localhost:\(port)/ (the certificate is its own: the browser will warn)."
            )
            Machine.say("Ctrl-C ends it.")
        }
    }

    private static func complaint(_ text: String) -> Diagnostics {
        Diagnostics([Diagnostic(file: "demo", place: Place(line: 1, column: 1), text: text)])
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

    private static func configuration(port: UInt16, backend: Address) -> ProxyConfiguration {
        var configuration = ProxyConfiguration()
        let place = Place(line: 1, column: 1)
        configuration.listeners = ["0.0.0.0", "::"].map { host in
            ListenerConfiguration(
                address: Located(value: .ip(host, port: port), place: place), certificates: [])
        }
        configuration.upstreams = ["demo": UpstreamConfiguration([backend])]
        configuration.timeouts.drain = 5_000_000_000
        let page = String(decoding: PackageResources.demo_html, as: UTF8.self)
        configuration.routes = ["/chat", "/ticker", "/echo"].map { path in
            RouteConfiguration(name: String(path.dropFirst()), path: path, action: .upstream("demo"))
        }
        configuration.routes.append(
            RouteConfiguration(
                name: "page", path: "/",
                action: .respond(status: 200, body: page, contentType: "text/html; charset=utf-8")))
        return configuration
    }
}
