internal import Access
internal import Durations
internal import EventLoop
internal import Telemetry

private typealias JSONValue = Telemetry.JSONValue

// A session as operators see it.
extension LiveSession {
    var state: SessionFilter.State {
        if isEnding { return .closing }
        if plannedDrain != nil { return .draining }
        return isAway ? .away : isAsleep ? .hibernating : .open
    }

    /// Whether it waits for its end because its route or backend is gone.
    var isStray: Bool { plannedDrain == .routeGone || plannedDrain == .backendGone }
    var upstreamName: String { route.upstream }

    private var age: Duration { .nanoseconds(worker.loop.now - min(facts.began, worker.loop.now)) }

    /// What filters look at.
    var traits: SessionFilter.Traits {
        SessionFilter.Traits(
            route: route.name, backend: facts.backend, upstream: upstreamName, client: facts.client,
            subject: bearer?.bearer.subject, state: state, age: age)
    }

    var id: SessionID { SessionID(worker: worker.index, number: number) }

    /// All that is shown of it. No tokens: their ids and times only.
    var description: Telemetry.JSONValue {
        let texts = facts.texts.all
        var members: [(String, JSONValue)] = [
            text("id", id.description), count("process", ProcessFacts.processNumber),
            text("route", route.name), text("upstream", upstreamName),
            text("backend", facts.backend), text("client", facts.client),
            ("subject", .optional(bearer?.bearer.subject)), text("state", state.rawValue),
            text("host", texts.host), text("path", texts.path), text("request_id", texts.requestID),
            text("began", WallTime.text(after: .zero - age)),
            ("age_seconds", .number(Double(age.nanoseconds / 1_000_000) / 1000)),
        ]
        members += counts
        if !texts.subprotocol.isEmpty { members.append(text("subprotocol", texts.subprotocol)) }
        if let token { members.append(("token", token)) }
        return .object(members)
    }

    private func text(_ name: String, _ value: String) -> (String, JSONValue) { (name, .string(value)) }

    private func count(_ name: String, _ value: some BinaryInteger) -> (String, JSONValue) {
        (name, .integer(Int(clamping: value)))
    }

    private var counts: [(String, JSONValue)] {
        let waiting = bufferedBytes
        var counts = [
            count("http", client.transport is HTTP2StreamTransport ? 2 : 1),
            count("messages_from_client", clientTally.messagesReceived),
            count("bytes_from_client", clientTally.bytesReceived),
            count("bytes_to_client", clientTally.bytesSent),
            count("waiting_for_client", waiting.client), count("waiting_for_backend", waiting.backend),
        ]
        if let backend { counts.append(count("messages_from_backend", backend.tally.messagesReceived)) }
        return counts
    }

    private var token: JSONValue? {
        guard let who = bearer?.bearer, who.hasToken else { return nil }
        let members: [(String, JSONValue)] = [
            ("id", .optional(who.tokenID)), ("issued_at", .seconds(who.issuedAt)),
            ("expires_at", .seconds(who.expiry)),
        ]
        return .object(members)
    }
}

extension Telemetry.JSONValue {
    /// Since 1970; null where there is none.
    static func seconds(_ time: Double?) -> Self { time.map { .number($0) } ?? .null }
}
