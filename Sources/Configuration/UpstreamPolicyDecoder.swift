internal import HTTPProtocol
internal import Yams

/// Reads the keys of an upstream that say how its backends are chosen, watched and spared.
enum UpstreamPolicyDecoder {
    static func decode(_ section: Section) -> UpstreamPolicy {
        var policy = UpstreamPolicy()
        section.value(
            "balance", into: &policy.balance,
            expected: "round_robin, least_sessions, random_two or hash"
        ) { UpstreamPolicy.Balance(rawValue: $0) }
        hashKey(section, into: &policy)
        section.duration("slow_start", into: &policy.slowStart)
        section.duration("resolve_interval", into: &policy.resolveInterval)
        section.value("proxy_protocol", into: &policy.sendsProxyHeader, expected: "v2 or off") { text in
            text == "v2" ? true : Quantity.flag(text) == false ? false : nil
        }
        retry(named("retry", in: section), into: &policy.retry)
        handshakes(named("handshakes", in: section), into: &policy.handshakes)
        ejection(named("ejection", in: section), into: &policy.ejection)
        policy.health = health(section)
        rebalance(section, into: &policy)
        return policy
    }

    private static func named(_ key: String, in section: Section) -> Section {
        section.section(key, title: "'\(key)' of \(section.title)")
    }

    private static func hashKey(_ section: Section, into policy: inout UpstreamPolicy) {
        let place = section.keyPlace("hash_key")
        section.value(
            "hash_key", into: &policy.hashKey,
            expected: "client_ip, path, header:NAME, cookie:NAME or query:NAME"
        ) { text in
            if ["client_ip", "path"].contains(text) { return text }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let isKnown = ["header", "cookie", "query"].contains(parts.first.map(String.init) ?? "")
            return isKnown && parts.count == 2 && !parts[1].isEmpty ? text : nil
        }
        if let place, policy.balance != .hash {
            section.complaints.warn(
                place, "'hash_key' in \(section.title) has no effect without 'balance: hash'")
        }
    }

    private static func rebalance(_ section: Section, into policy: inout UpstreamPolicy) {
        let place = section.keyPlace("rebalance")
        let rebalance = named("rebalance", in: section)
        rebalance.integer("rate", into: &policy.rebalanceRate, 0...1_000_000)
        rebalance.finish()
        if let place, policy.rebalanceRate > 0, policy.balance == .hash {
            section.complaints.warn(
                place,
                "'rebalance' in \(section.title) moves sessions that 'balance: hash' sends back to where they were"
            )
        }
    }

    private static func retry(_ section: Section, into retry: inout UpstreamPolicy.Retry) {
        section.integer("attempts", into: &retry.attempts, 0...100)
        section.value("budget", into: &retry.budget, expected: percents, Quantity.percent)
        section.finish()
    }

    private static func handshakes(_ section: Section, into handshakes: inout UpstreamPolicy.Handshakes) {
        section.integer("in_flight", into: &handshakes.inFlight, 0...1_000_000)
        section.integer("queue", into: &handshakes.queue, 0...1_000_000)
        section.duration("queue_timeout", into: &handshakes.queueTimeout)
        section.finish()
    }

    private static func ejection(_ section: Section, into ejection: inout UpstreamPolicy.Ejection) {
        section.integer("connect_failures", into: &ejection.connectFailures, 1...1000)
        section.integer("failures", into: &ejection.failures, 1...1000)
        section.duration("rest", into: &ejection.rest)
        section.duration("longest_rest", into: &ejection.longestRest)
        section.value("most", into: &ejection.most, expected: percents, Quantity.percent)
        section.finish()
    }

    /// `off`, or absent: no checks; an empty mapping: checks by default.
    private static func health(_ section: Section) -> UpstreamPolicy.Health? {
        guard let node = section.node("health") else { return nil }
        if let text = node.scalar?.string, Quantity.flag(text) == false { return nil }
        let keys = named("health", in: section)
        var health = UpstreamPolicy.Health()
        keys.value("interval", into: &health.interval, expected: "a duration such as 500ms, 5s, 2m, 1h") {
            Quantity.duration($0).flatMap { $0 > 0 ? $0 : nil }
        }
        keys.value("timeout", into: &health.timeout, expected: "a duration such as 500ms, 5s, 2m, 1h") {
            Quantity.duration($0).flatMap { $0 > 0 ? $0 : nil }
        }
        keys.value("check", into: &health.check, expected: "tcp, http or websocket") { .init(rawValue: $0) }
        keys.value("path", into: &health.path, expected: "a path that begins with '/'") { text in
            (try? RequestTarget(text: text)) != nil ? text : nil
        }
        health.host = keys.text("host")?.value
        keys.integer("unhealthy_after", into: &health.unhealthyAfter, 1...100)
        keys.integer("healthy_after", into: &health.healthyAfter, 1...100)
        keys.finish()
        return health
    }

    private static let percents = "a share such as 20%, from 0% to 100%"
}
