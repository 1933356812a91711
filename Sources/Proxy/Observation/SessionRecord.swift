internal import Logging
internal import WebSocketProtocol

/// What is told of a session that has ended: one line, and what is counted.
struct SessionRecord {
    let client: String
    let host: String
    let path: String
    let route: String
    /// The version of HTTP that it came by.
    let http: Int
    let backend: String
    let requestID: String
    /// Nanoseconds.
    let lasted: UInt64
    let fromClient: PeerTally
    /// nil: the process ended first.
    let ending: SessionEnding?
    let words: ClientWords
    /// How often a peer was made to wait for its rate.
    let throttled: Int
    let subprotocol: String
    let extensions: String
    let part: Part

    /// What only some sessions have.
    enum Part {
        /// It had a backend of its own, or several, one after the other.
        case relayed(Relayed)
        /// It was a client of a feed.
        case subscribed(delivered: UInt64, dropped: UInt64)
    }

    struct Relayed: Sendable {
        let fromBackends: PeerTally
        /// Agreed on with the backend by ourselves.
        let extensions: String
        /// Of one that may outlive its backend.
        var sessionID: String?
        /// How many backends it has had.
        var backends = 1
        /// How often its client has come back.
        var returns = 0

        static let nothing = Relayed(fromBackends: PeerTally(), extensions: "")
    }
}

extension SessionRecord {
    func count(in metrics: WorkerMetrics) {
        metrics.add(
            .sessionsEnded,
            [
                route, (ending?.by ?? .proxy).rawValue, ending.codeLabel, ending?.cause.label ?? "unknown",
            ])
        metrics.observe(.sessionDuration, lasted)
        if let limit = ending?.limit { metrics.add(.limitsHit, [limit]) }
    }

    var fields: Logger.Metadata {
        var fields: Logger.Metadata = [
            "client": "\(client)", "host": "\(host)", "path": "\(path)", "route": "\(route)",
            "http": .stringConvertible(http), "backend": "\(backend)", "request_id": "\(requestID)",
            "duration_ms": .milliseconds(lasted),
            "bytes_from_client": .stringConvertible(fromClient.bytesReceived),
            "bytes_to_client": .stringConvertible(fromClient.bytesSent),
            "messages_from_client": .stringConvertible(fromClient.messagesReceived),
        ]
        writeEnding(to: &fields)
        words.write(to: &fields)
        if throttled > 0 { fields["throttled"] = .stringConvertible(throttled) }
        if !subprotocol.isEmpty { fields["subprotocol"] = "\(subprotocol)" }
        if !extensions.isEmpty { fields["extensions"] = "\(extensions)" }
        part.write(to: &fields)
        return fields
    }

    private func writeEnding(to fields: inout Logger.Metadata) {
        fields["closed_by"] = "\(ending?.by.rawValue ?? "proxy")"
        fields["cause"] = "\(ending?.cause.description ?? "")"
        fields["close_code"] = .stringConvertible(ending?.loggedCode ?? 1006)
        if let limit = ending?.limit { fields["limit"] = "\(limit)" }
        if let reason = ending?.reason, !reason.isEmpty { fields["close_reason"] = "\(reason)" }
    }
}

extension SessionRecord.Part {
    fileprivate func write(to fields: inout Logger.Metadata) {
        switch self {
        case .relayed(let relayed):
            let tally = relayed.fromBackends
            fields["bytes_from_backend"] = .stringConvertible(tally.bytesReceived)
            fields["bytes_to_backend"] = .stringConvertible(tally.bytesSent)
            fields["messages_from_backend"] = .stringConvertible(tally.messagesReceived)
            if let id = relayed.sessionID { fields["session"] = "\(id)" }
            if relayed.backends > 1 { fields["backends"] = .stringConvertible(relayed.backends) }
            if relayed.returns > 0 { fields["resumed"] = .stringConvertible(relayed.returns) }
            if !relayed.extensions.isEmpty { fields["backend_extensions"] = "\(relayed.extensions)" }
        case .subscribed(let delivered, let dropped):
            fields["mode"] = "broadcast"
            fields["messages_to_client"] = .stringConvertible(delivered)
            fields["messages_dropped"] = .stringConvertible(dropped)
        }
    }
}

extension SessionEnding {
    /// 1005 is what APIs call a Close without a code, 1006 an end without a Close; neither is ever on the wire.
    fileprivate var loggedCode: UInt16 { code?.rawValue ?? (cause == .close ? 1005 : 1006) }
}

extension SessionEnding? {
    /// As the metrics have it; codes of applications are kept together, or peers could make labels at will.
    fileprivate var codeLabel: String {
        guard let code = self?.code?.rawValue else { return self?.cause == .close ? "1005" : "1006" }
        switch code {
        case ..<3000: return "\(code)"
        case ..<4000: return "3xxx"
        default: return "4xxx"
        }
    }
}
