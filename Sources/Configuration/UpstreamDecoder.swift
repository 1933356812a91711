internal import Yams

/// Reads `upstreams`.
enum UpstreamDecoder {
    static func decode(_ section: Section) -> [String: UpstreamConfiguration] {
        var upstreams: [String: UpstreamConfiguration] = [:]
        for (name, place, node) in section.entries {
            upstreams[name] = decode(
                Section(node, title: "upstream '\(name)'", place: place, section.complaints))
        }
        return upstreams
    }

    private static func decode(_ section: Section) -> UpstreamConfiguration {
        var upstream = UpstreamConfiguration()
        section.value("mode", into: &upstream.mode, expected: "session, multiplex or broadcast") {
            .init(rawValue: $0)
        }
        if section.hasKey("broadcast"), upstream.mode != .broadcast {
            section.complaints.warn(
                section.place, "'broadcast' in \(section.title) has no effect without 'mode: broadcast'")
        }
        upstream.broadcast = BroadcastDecoder.decode(
            section.section("broadcast", title: "'broadcast' of \(section.title)"))
        upstream.policy = UpstreamPolicyDecoder.decode(section)
        if upstream.policy.sendsProxyHeader, upstream.mode != .session {
            section.complaints.add(
                section.keyPlace("proxy_protocol") ?? section.place,
                "'proxy_protocol' in \(section.title) names one client a connection, which"
                    + " 'mode: \(upstream.mode.rawValue)' shares: use one of them")
        }
        upstream.backends = backends(section)
        if section.hasKey("tls") {
            upstream.tls = tls(section.section("tls", title: "'tls' of \(section.title)"))
        }
        pool(section.section("pool", title: "'pool' of \(section.title)"), into: &upstream)
        let timeouts = section.section("timeouts", title: "'timeouts' of \(section.title)")
        timeouts.duration("connect", into: &upstream.connectTimeout)
        timeouts.duration("response", into: &upstream.responseTimeout)
        if timeouts.hasKey("response") { upstream.plainResponseTimeout = upstream.responseTimeout }
        timeouts.finish()
        section.finish()
        return upstream
    }

    private static func backends(_ section: Section) -> [UpstreamConfiguration.Backend] {
        let nodes = section.list("backends")
        if section.lacks("backends") {
            section.complaints.add(section.place, "\(section.title) needs 'backends', one or more")
        }
        return nodes.compactMap { node in
            let entry = Section(
                node, title: "'backends' of \(section.title)", place: node.place, section.complaints,
                usual: "address")
            let text = entry.required("address")
            var weight = 1
            entry.integer("weight", into: &weight, 1...1000)
            var maxSessions = 0
            entry.integer("max_sessions", into: &maxSessions, 0...10_000_000)
            entry.finish()
            guard let text else { return nil }
            guard let address = AddressSyntax.parse(text.value), address.port != 0 else {
                entry.complaints.add(
                    text.place,
                    "'\(text.value)' is no address, expected \(AddressSyntax.expected)"
                        + (Habits.backend(text.value) ?? ""))
                return nil
            }
            return .init(address: address, weight: weight, maxSessions: maxSessions)
        }
    }

    private static func tls(_ section: Section) -> UpstreamConfiguration.TLS {
        var tls = UpstreamConfiguration.TLS()
        tls.serverName = section.text("server_name")?.value
        tls.authority = section.text("ca")
        section.flag("verify", into: &tls.verifies)
        section.finish()
        return tls
    }

    private static func pool(_ section: Section, into upstream: inout UpstreamConfiguration) {
        section.value("warm", into: &upstream.pool.warm, expected: "auto, or a whole number from 0 to 1000") {
            text in
            text == "auto" ? .some(nil) : Quantity.number(text).flatMap { $0 <= 1000 ? .some($0) : nil }
        }
        section.integer("idle", into: &upstream.pool.idle, 0...100_000)
        section.duration("idle_timeout", into: &upstream.pool.idleTimeout)
        if upstream.mode == .multiplex {
            section.integer("streams_per_connection", into: &upstream.pool.streams, 1...1_000_000)
            section.integer("connections", into: &upstream.pool.connections, 1...1000)
        } else {
            for key in ["streams_per_connection", "connections"] {
                guard let node = section.node(key) else { continue }
                section.complaints.warn(
                    node.place, "'\(key)' in \(section.title) has no effect without 'mode: multiplex'")
            }
        }
        section.finish()
    }
}
