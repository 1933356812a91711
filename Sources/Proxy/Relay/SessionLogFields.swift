internal import Logging
internal import WebSocketProtocol

extension LiveSession {
    /// The fields of the line that a session leaves.
    func logFields(at now: UInt64) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "client": "\(facts.client)", "host": "\(facts.host)", "path": "\(facts.path)",
            "route": "\(route.name)",
            "http": .stringConvertible(client.transport is HTTP2StreamTransport ? 2 : 1),
            "backend": "\(facts.backend)", "request_id": "\(facts.requestID)",
            "duration_ms": .stringConvertible((now - min(facts.began, now)) / 1_000_000),
            "bytes_from_client": .stringConvertible(client.tally.bytesReceived),
            "bytes_to_client": .stringConvertible(client.tally.bytesSent),
            "messages_from_client": .stringConvertible(client.tally.messagesReceived),
            "closed_by": "\(ending?.by.rawValue ?? "proxy")", "cause": "\(ending?.cause.description ?? "")",
        ]
        fields["close_code"] = .stringConvertible(ending?.loggedCode ?? 1006)
        if let limit = ending?.limit { fields["limit"] = "\(limit)" }
        ending?.writeReason(to: &fields)
        facts.words.write(to: &fields)
        if client.throttles > 0 || (backend?.throttles ?? 0) > 0 {
            fields["throttled"] = .stringConvertible(client.throttles + (backend?.throttles ?? 0))
        }
        if !facts.subprotocol.isEmpty { fields["subprotocol"] = "\(facts.subprotocol)" }
        if !facts.extensions.isEmpty { fields["extensions"] = "\(facts.extensions)" }
        addLogFields(to: &fields)
        return fields
    }
}

extension SessionEnding {
    /// 1005 is what APIs call a Close without a code, 1006 an end without a Close; neither is ever on the wire.
    var loggedCode: UInt16 { code?.rawValue ?? (cause == .close ? 1005 : 1006) }
}
