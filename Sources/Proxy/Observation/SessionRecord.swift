internal import Logging
internal import WebSocketProtocol

/// What is told of a session that has ended: one line, and what is counted.
struct SessionRecord {
    let client: String
    let route: String
    /// The version of HTTP that it came by.
    let http: Int
    let backend: String
    /// Nanoseconds.
    let lasted: UInt64
    let fromClient: PeerTally
    /// nil: the process ended first.
    let ending: SessionEnding?
    /// How often a peer was made to wait for its rate.
    let throttled: Int
    let texts: PackedTexts
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
        /// Of one that may outlive its backend.
        var sessionID: String?
        /// How many backends it has had.
        var backends = 1
        /// How often its client has come back.
        var returns = 0

        static let nothing = Relayed(fromBackends: PeerTally())
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
        let texts = texts.all
        var fields: Logger.Metadata = [
            "client": "\(client)", "host": "\(texts.host)", "path": "\(texts.path)", "route": "\(route)",
            "http": .stringConvertible(http), "backend": "\(backend)", "request_id": "\(texts.requestID)",
            "duration_ms": .milliseconds(lasted),
            "bytes_from_client": .stringConvertible(fromClient.bytesReceived),
            "bytes_to_client": .stringConvertible(fromClient.bytesSent),
            "messages_from_client": .stringConvertible(fromClient.messagesReceived),
        ]
        writeEnding(to: &fields)
        texts.words.write(to: &fields)
        if throttled > 0 { fields["throttled"] = .stringConvertible(throttled) }
        if !texts.subprotocol.isEmpty { fields["subprotocol"] = "\(texts.subprotocol)" }
        if !texts.extensions.isEmpty { fields["extensions"] = "\(texts.extensions)" }
        if !texts.backendExtensions.isEmpty { fields["backend_extensions"] = "\(texts.backendExtensions)" }
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
        // Nearly all; a number's text is made anew each time.
        case 1000: return "1000"
        case 1001: return "1001"
        case ..<3000: return "\(code)"
        case ..<4000: return "3xxx"
        default: return "4xxx"
        }
    }
}
