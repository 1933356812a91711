internal import HTTPProtocol
internal import Logging

// The lines that requests leave in the access log: one each.
extension EventLog {
    /// We refused it; nobody else was asked, or nobody could be.
    ///
    /// - Parameters:
    ///   - record: nil for what is no request, or for one whose head was not understood.
    ///   - host: of one without a record, as far as it is known; so is `path`.
    func refused(
        _ record: RequestRecord?, client: String, host: String?, path: String?, _ fault: Fault,
        at now: UInt64
    ) {
        metrics.count(fault)
        if fault.kind == .patternTooSlow {
            // A pattern of the operator's, or a client that tries it: one of them is to be looked at.
            events.warning(
                "path_regex gave up",
                metadata: [
                    "client": "\(client)", "side": "client", "phase": "request", "limit": "path_regex",
                    "path": "\(path ?? "")", "cause": "\(fault.clientText)",
                ])
        }
        guard let access else { return }
        var fields: Logger.Metadata =
            record?.fields(at: now) ?? [
                "client": "\(client)", "host": "\(LoggedText.host(host))",
                "path": "\(masks.masked(path ?? ""))",
            ]
        fields["status"] = .stringConvertible(fault.status)
        fields["side"] = "client"
        fields["phase"] = "request"
        fields["cause"] = "\(fault.clientText)"
        access.info("request refused", metadata: fields)
    }

    /// A route answered it by itself.
    func answered(_ record: RequestRecord?, _ response: RouteResponse, at now: UInt64) {
        guard let access, var fields = record?.fields(at: now) else { return }
        fields["status"] = .stringConvertible(response.status)
        fields["body_bytes"] = .stringConvertible(response.body.utf8.count)
        access.info("request", metadata: fields)
    }

    /// It was carried to a backend, or was to be.
    func exchangeEnded(_ record: RequestRecord, _ exchange: Exchange, _ end: ExchangeEnd, at now: UInt64) {
        var status = exchange.responder.status
        var cause: String?
        switch end {
        case .next, .last: break
        case .refuse(let fault):
            metrics.count(fault)
            (status, cause) = (fault.status, fault.clientText)
        case .broken(let fault): cause = "response broke off: \(fault.clientText)"
        }
        metrics.countRequest(route: record.route, status: status)
        guard let access else { return }
        var fields = self.fields(record, exchange, at: now)
        fields["status"] = .stringConvertible(status)
        if let cause { fields["cause"] = "\(cause)" }
        access.info("request", metadata: fields)
    }

    /// The client left, or cancelled it, before the answer was complete.
    func exchangeGivenUp(
        _ record: RequestRecord, _ exchange: Exchange, phase: Fault.Phase, _ cause: String, at now: UInt64
    ) {
        let status = exchange.responder.status
        metrics.countRequest(route: record.route, status: status)
        guard let access else { return }
        var fields = self.fields(record, exchange, at: now)
        fields["status"] = .stringConvertible(status)
        fields["side"] = "client"
        fields["phase"] = "\(phase.rawValue)"
        fields["cause"] = "\(cause)"
        access.info("request", metadata: fields)
    }

    private func fields(_ record: RequestRecord, _ exchange: Exchange, at now: UInt64) -> Logger.Metadata {
        var fields = record.fields(at: now)
        fields["backend"] = "\(exchange.backend?.name ?? "")"
        fields["body_bytes"] = .stringConvertible(exchange.responder.bodyBytes)
        return fields
    }

    /// The same of an upgrade whose backend had not answered.
    func upgradeGivenUp(_ record: RequestRecord, phase: Fault.Phase, _ cause: String, at now: UInt64) {
        metrics.add(.handshakes, [record.route, "client_left"])
        guard let access else { return }
        var fields = record.fields(at: now)
        fields["status"] = .stringConvertible(0)
        fields["side"] = "client"
        fields["phase"] = "\(phase.rawValue)"
        fields["cause"] = "\(cause)"
        access.info("upgrade", metadata: fields)
    }

    /// A backend answered an upgrade with a refusal of its own.
    func backendRefused(_ record: RequestRecord?, backend: String, status: Int, at now: UInt64) {
        guard let access, var fields = record?.fields(at: now) else { return }
        fields["backend"] = "\(backend)"
        fields["status"] = .stringConvertible(status)
        fields["side"] = "backend"
        fields["phase"] = "response"
        access.info("backend refused", metadata: fields)
    }
}
