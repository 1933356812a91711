extension ProxyConfiguration {
    /// What `trunkline check` prints: one line a listener, route and upstream.
    package var summary: [String] {
        var lines = listeners.map { listener in
            let tls =
                listener.certificates.map { "tls, \($0.count) certificate\($0.count == 1 ? "" : "s")" }
                ?? "plain"
            return "listener \(listener.address.value) (\(tls))"
        }
        lines += routes.map { route in
            let target =
                switch route.action {
                case .upstream(let name): "upstream '\(name)', compression \(route.compression.mode.rawValue)"
                case .respond(let status, _, _): "respond \(status)"
                }
            return
                "route '\(route.name)' \(route.host ?? "any host") \(route.path ?? "any path") -> \(target)"
        }
        for (name, upstream) in upstreams.sorted(by: { $0.key < $1.key }) {
            lines += upstream.summary(name: name)
        }
        return lines
    }
}
