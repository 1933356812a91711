extension ProxyConfiguration {
    /// What `trunkline check` prints: listeners, routes and upstreams, and every key that differs from its default.
    package var summary: [String] {
        var lines = listeners.map { listener in
            "listener \(listener.address.value) (\(listener.tls.map(Self.summary) ?? "plain"))"
        }
        if let admin { lines.append("admin \(admin.address.value)") }
        lines += routes.flatMap(summary)
        for (name, upstream) in upstreams.sorted(by: { $0.key < $1.key }) {
            lines += upstream.summary(name: name)
        }
        let others = Self.table.show(self).leaving(["listeners", "routes", "upstreams", "admin"])
        return lines + others.differences(from: Self.table.show(Self())).map { "set \($0)" }
    }

    private static func summary(_ tls: ListenerTLS) -> String {
        func count(_ number: Int) -> String { "\(number) certificate\(number == 1 ? "" : "s")" }
        let names = tls.issuedNames.map(\.value)
        guard !names.isEmpty else { return "tls, \(count(tls.certificates.count))" }
        let files = tls.certificates.isEmpty ? "" : ", \(count(tls.certificates.count))"
        return "tls\(files), by acme: \(names.joined(separator: " "))"
    }

    private func summary(_ route: RouteConfiguration) -> [String] {
        let target =
            switch route.action {
            case .upstream(let name): "upstream '\(name)', compression \(route.compression.mode.rawValue)"
            case .respond(let response): "respond \(response.status)"
            }
        let line =
            "route '\(route.name)' \(route.match.host ?? "any host") \(route.match.path ?? "any path") -> \(target)"
        let others = RouteConfiguration.table.show(route).leaving(["name", "upstream", "respond"])
        let set = others.differences(from: RouteConfiguration.table.show(RouteConfiguration(over: self)))
            .filter { !$0.hasPrefix("match.host ") && !$0.hasPrefix("match.path ") }
        return [line] + (set.isEmpty ? [] : ["  set: " + set.joined(separator: ", ")])
    }
}

extension Shown {
    /// A mapping without some of its keys.
    func leaving(_ names: [String]) -> Shown {
        guard case .map(let pairs) = self else { return self }
        return .map(pairs.filter { !names.contains($0.name) })
    }
}
