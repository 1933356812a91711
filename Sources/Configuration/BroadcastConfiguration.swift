internal import HTTPProtocol

/// `broadcast` of an upstream whose mode that is.
package struct BroadcastConfiguration: Equatable, Sendable {
    /// What becomes of what clients send.
    package enum ClientMessages: String, Equatable, Sendable { case discard, forward, close }

    /// What becomes of a client that doesn't keep up.
    package enum SlowClient: String, Equatable, Sendable {
        case dropOldest = "drop_oldest"
        case latest
        case close
    }

    /// What becomes of the clients when the upstream connection is lost.
    package enum Loss: String, Equatable, Sendable { case reopen, close }

    /// How many of the last messages a client gets when it joins.
    package var replayLast = 1
    /// `client_messages`.
    package var clientMessages = ClientMessages.discard
    /// Names of request fields, in lower case, by whose values feeds are told apart.
    package var keyHeaders: [String] = []
    /// How long a message may wait for others, so that they leave for each client in one write.
    package var gather: UInt64 = 0
    /// How long a feed stays open without clients.
    package var linger: UInt64 = 5_000_000_000
    /// `slow_client`.
    package var slowClient = SlowClient.dropOldest
    /// How many messages may wait for a client.
    package var queue = 64
    /// Bytes of all messages that a feed keeps, for slow clients and for those who join.
    package var queueBytes = 4 << 20
    /// How many feeds of one worker may be open, those included that linger without clients: more than clients ask for at a
    /// time. Over it the one that has lingered longest goes, and without such a one new feeds are refused with 503.
    package var feeds = 1024
    /// `on_loss`.
    package var onLoss = Loss.reopen
    /// How long clients are kept without an upstream connection; 0 = for ever.
    package var reopenWithin: UInt64 = 60_000_000_000

    /// All by default.
    package init() {}
}

/// Reads `broadcast`.
enum BroadcastDecoder {
    static func decode(_ section: Section) -> BroadcastConfiguration {
        var broadcast = BroadcastConfiguration()
        section.integer("replay_last", into: &broadcast.replayLast, 0...10_000)
        section.value(
            "client_messages", into: &broadcast.clientMessages, expected: "discard, forward or close"
        ) { .init(rawValue: $0) }
        broadcast.keyHeaders = keyHeaders(section)
        section.duration("gather", into: &broadcast.gather)
        section.duration("linger", into: &broadcast.linger)
        section.value("slow_client", into: &broadcast.slowClient, expected: "drop_oldest, latest or close") {
            .init(rawValue: $0)
        }
        section.integer("queue", into: &broadcast.queue, 1...100_000)
        section.size("queue_bytes", into: &broadcast.queueBytes)
        section.integer("feeds", into: &broadcast.feeds, 1...1_000_000)
        section.value("on_loss", into: &broadcast.onLoss, expected: "reopen or close") {
            .init(rawValue: $0)
        }
        section.duration("reopen_within", into: &broadcast.reopenWithin)
        section.finish()
        return broadcast
    }

    private static func keyHeaders(_ section: Section) -> [String] {
        section.list("key_headers").compactMap { node in
            guard let text = section.text(node, "key_headers") else { return nil }
            let name = text.value.lowercased()
            guard isToken(name), name != "host", !HopByHop.isOfConnection(name),
                !name.hasPrefix("sec-websocket-")
            else {
                section.complaints.add(
                    text.place,
                    "'\(text.value)' can't be one of 'key_headers', expected the name of a field such as"
                        + " Cookie or X-Tenant (Host, path, query and subprotocols count anyway)")
                return nil
            }
            return name
        }
    }

    /// What feeds keep is given up last: what they may keep together is to leave room for others. Said of what was written,
    /// not of the defaults.
    ///
    /// - Parameter upstreams: the section of that name, as it was read.
    static func checkMemory(_ upstreams: Section, _ decoded: [String: UpstreamConfiguration], limit: Int?) {
        guard let limit, limit > 0 else { return }
        for (name, place, node) in upstreams.entries {
            guard let upstream = decoded[name], upstream.mode == .broadcast else { continue }
            // Read anew, and silently: it has been complained of.
            let silent = Complaints(file: "", environment: [:])
            let section = Section(node, title: "", place: place, silent).section("broadcast")
            let broadcast = upstream.broadcast
            let all = broadcast.queueBytes.multipliedReportingOverflow(by: broadcast.feeds)
            if let place = section.keyPlace("queue_bytes"), broadcast.queueBytes > limit {
                upstreams.complaints.warn(
                    place, "'queue_bytes' is larger than 'limits.memory', which bounds it: it never fits")
            } else if let place = section.keyPlace("queue_bytes") ?? section.keyPlace("feeds"),
                all.overflow || all.partialValue > limit
            {
                upstreams.complaints.warn(
                    place,
                    "\(broadcast.feeds) feeds ('feeds', of each worker) that keep 'queue_bytes' each do not fit"
                        + " within 'limits.memory'")
            }
        }
    }

    /// A compressed stream of the backend's refers to what came before, which a client that joins has not seen.
    static func check(
        _ route: RouteConfiguration, _ section: Section, _ upstreams: [String: UpstreamConfiguration]
    ) {
        guard case .upstream(let name) = route.action, upstreams[name]?.mode == .broadcast,
            route.compression.mode == .passthrough
        else { return }
        section.complaints.warn(
            section.place,
            "compression 'passthrough' of \(section.title) is off: upstream '\(name)' is of mode broadcast")
    }
}
