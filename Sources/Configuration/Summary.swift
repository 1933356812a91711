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
        lines += upstreams.sorted { $0.key < $1.key }.map { name, upstream in
            let policy = upstream.isRoundRobin ? "round_robin" : "least_sessions"
            let list = upstream.backends.map(\.address.description).joined(separator: ", ")
            return "upstream '\(name)' \(policy): \(list)" + (upstream.tls == nil ? "" : " (tls)")
        }
        return lines
    }
}
