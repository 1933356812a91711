extension UpstreamConfiguration {
    /// What `trunkline check` prints of an upstream: the policy in force, defaults included.
    func summary(name: String) -> [String] {
        let list = backends.map { backend in
            backend.address.description + (backend.weight == 1 ? "" : " weight \(backend.weight)")
                + (backend.maxSessions == 0 ? "" : " at most \(backend.maxSessions) sessions")
        }
        var balance = policy.balance.rawValue
        if policy.balance == .hash { balance += " of \(policy.hashKey)" }
        var notes: [String] = []
        if mode != .session { notes.append(mode.rawValue) }
        if tls != nil { notes.append("tls") }
        if policy.sendsProxyHeader { notes.append("proxy protocol v2") }
        return [
            "upstream '\(name)' \(balance): \(list.joined(separator: ", "))"
                + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"),
            "  asked: \(admission)", "  watched: \(watch)",
        ]
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
        let ejection = policy.ejection
        let passive =
            "by its answers, rests from \(Quantity.text(ejection.rest)) to \(Quantity.text(ejection.longestRest))"
        let slowStart =
            policy.slowStart == 0 ? "no slow start" : "slow start \(Quantity.text(policy.slowStart))"
        guard let health = policy.health else { return "\(passive); no checks; \(slowStart)" }
        let what = health.check == .tcp ? "tcp" : "\(health.check.rawValue) \(health.path)"
        return "\(passive); \(what) every \(Quantity.text(health.interval)), "
            + "out after \(health.unhealthyAfter), back after \(health.healthyAfter); \(slowStart)"
    }
}

extension Quantity {
    /// A duration as the configuration spells it.
    static func text(_ nanoseconds: UInt64) -> String {
        if nanoseconds == 0 { return "0" }
        for (unit, factor) in [
            ("h", 3_600_000_000_000 as UInt64), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ] where nanoseconds.isMultiple(of: factor) {
            return "\(nanoseconds / factor)\(unit)"
        }
        return "\(nanoseconds / 1_000_000)ms"
    }
}
