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
    package var gather = Duration.zero
    /// How long a feed stays open without clients.
    package var linger = Duration.seconds(5)
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
    package var reopenWithin = Duration.seconds(60)

    /// All by default.
    package init() {}

    static let table = Table(
        "One upstream WebSocket for all clients that ask for the same host, path, query, subprotocols and `key_headers`; with `mode: broadcast`.",
        start: Self()
    ) {
        Key.value(
            "replay_last", \.replayLast, .integer(0...10_000), "Messages that a client gets when it joins.")
        Key.value(
            "client_messages", \.clientMessages,
            .choice(("discard", .discard), ("forward", .forward), ("close", .close)),
            "What becomes of messages from clients; `close`: 1008."
        )
        Key.list(
            "key_headers", \.keyHeaders, .keyHeader,
            "Fields that tell feeds apart and reach the backend, such as Authorization.",
            example: "Authorization"
        )
        Key.value(
            "gather", \.gather, .duration,
            "How long a message may wait to leave together with others in one write, such as 200ms."
        )
        Key.value("linger", \.linger, .duration, "How long a feed stays open without clients.")
        Key.value(
            "feeds", \.feeds, .integer(1...1_000_000),
            "Open feeds, per worker; over it those without clients go, then 503."
        )
        Key.value(
            "slow_client", \.slowClient,
            .choice(("drop_oldest", .dropOldest), ("latest", .latest), ("close", .close)),
            "What becomes of a client that doesn't keep up; `close`: 1013."
        )
        Key.value("queue", \.queue, .integer(1...100_000), "Messages that may wait for a client.")
        Key.value("queue_bytes", \.queueBytes, .size(), "Bytes of all messages that a feed keeps.")
        Key.value(
            "on_loss", \.onLoss, .choice(("reopen", .reopen), ("close", .close)),
            "When the upstream connection is lost: `reopen` opens another and clients stay, `close` closes them with 1012."
        )
        Key.value(
            "reopen_within", \.reopenWithin, .duration,
            "How long clients are kept without an upstream connection, then 1012; 0 = for ever.")
    }

    /// What feeds keep is given up last: what they may keep together is to leave room for others. Said of what was written,
    /// not of the defaults.
    ///
    /// - Parameter section: `broadcast`, as it was read.
    func checkMemory(_ section: Section, limit: Int) {
        let (queueBytes, feeds) = (section.node("queue_bytes")?.place, section.node("feeds")?.place)
        let all = self.queueBytes.multipliedReportingOverflow(by: self.feeds)
        let usual = Self()
        let isWritten = self.queueBytes != usual.queueBytes || self.feeds != usual.feeds
        // One that was complained of has its default, which nobody has asked for.
        if section.complaints.list.contains(where: { $0.place == queueBytes || $0.place == feeds }) { return }
        if let queueBytes, self.queueBytes > limit {
            section.warn(
                queueBytes, "'queue_bytes' is larger than 'limits.memory', which bounds it: it never fits")
        } else if isWritten, let place = queueBytes ?? feeds, all.overflow || all.partialValue > limit {
            section.warn(
                place,
                "\(self.feeds) feeds ('feeds', of each worker) that keep 'queue_bytes' each do not fit"
                    + " within 'limits.memory'")
        }
    }
}

extension Scalar where Value == String {
    /// The name of a field, in lower case.
    fileprivate static var keyHeader: Self {
        var scalar = text("name of a field", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") { text in
            let name = text.lowercased()
            return isToken(name) && name != "host" && !HopByHop.isOfConnection(name)
                && !name.hasPrefix("sec-websocket-")
                ? nil
                : "'\(text)' can't be one of 'key_headers', expected the name of a field such as"
                    + " Cookie or X-Tenant (Host, path, query and subprotocols count anyway)"
        }
        let parse = scalar.parse
        scalar.parse = { text, place in parse(text, place)?.lowercased() }
        return scalar
    }
}
