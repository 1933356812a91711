internal import Routing

extension UpstreamConfiguration {
    /// What `trunkline check` prints of an upstream: the policy in force, defaults included.
    func summary(name: String) -> [String] {
        let list = backends.map { backend in
            backend.address.description + (backend.weight == 1 ? "" : " weight \(backend.weight)")
                + (backend.maxSessions == 0 ? "" : " at most \(backend.maxSessions) sessions")
        }
        var balance = UpstreamPolicy.balances.print(policy.balance) ?? ""
        if policy.balance == .hash { balance += " of \(policy.hashKey.description)" }
        var notes: [String] = []
        if mode != .session { notes.append(mode.rawValue) }
        if tls != nil { notes.append("tls") }
        if policy.sendsProxyHeader { notes.append("proxy protocol v2") }
        let set = Self.table.show(self).leaving(["backends"]).differences(from: Self.table.show(Self()))
        return [
            "upstream '\(name)' \(balance): \(list.joined(separator: ", "))"
                + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"),
            "  asked: \(admission)", "  watched: \(watch)",
        ] + (set.isEmpty ? [] : ["  set: " + set.joined(separator: ", ")])
    }

    private var admission: String {
        let handshakes = policy.handshakes
        let inFlight =
            handshakes.inFlight == 0
            ? "any number of handshakes at a time"
            : "\(handshakes.inFlight) handshakes at a time for each backend, \(handshakes.queue) may wait for \(Quantity.text(handshakes.queueTimeout))"
        let retry = policy.retry
        return inFlight + "; "
            + (retry.attempts == 0
                ? "no retries" : "up to \(retry.attempts) retries, \(retry.budget)% of requests")
    }

    private var watch: String {
        let rules = policy.rules
        let passive =
            "by its answers, rests from \(Quantity.text(rules.firstRest)) to \(Quantity.text(rules.longestRest))"
        let slowStart =
            rules.slowStart == .zero ? "no slow start" : "slow start \(Quantity.text(rules.slowStart))"
        guard let health = policy.health else { return "\(passive); no checks; \(slowStart)" }
        let what = health.check == .tcp ? "tcp" : "\(health.check.rawValue) \(health.path)"
        return "\(passive); \(what) every \(Quantity.text(health.interval)), "
            + "out after \(health.unhealthyAfter), back after \(health.healthyAfter); \(slowStart)"
    }
}
