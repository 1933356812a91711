internal import HTTPProtocol
internal import Logging

/// What becomes of requests: one line each in the access log. Times are those of the loop's clock.
enum RequestEvent {
    /// What a client had got when an exchange ended.
    struct Answer {
        /// nil where none was asked.
        let backend: String?
        /// 0 = nothing.
        let status: Int
        let bodyBytes: UInt64
    }

    /// We refused it; nobody else was asked, or nobody could be.
    ///
    /// - Parameters:
    ///   - record: nil for what is no request, or for one whose head was not understood.
    ///   - host: of one without a record, as far as it is known; so is `path`.
    case refused(
        _ record: RequestRecord?, client: String, host: String?, path: String?, _ fault: Fault, at: UInt64)
    /// A route answered it by itself.
    case answered(_ record: RequestRecord?, status: Int, bodyBytes: Int, at: UInt64)
    /// It was carried to a backend, or was to be.
    case exchangeEnded(_ record: RequestRecord, _ answer: Answer, _ end: ExchangeEnd, at: UInt64)
    /// The client left, or cancelled it, before the answer was complete.
    case exchangeGivenUp(
        _ record: RequestRecord, _ answer: Answer, phase: Fault.Phase, _ cause: String, at: UInt64)
    /// The same of an upgrade whose backend had not answered.
    case upgradeGivenUp(_ record: RequestRecord, phase: Fault.Phase, _ cause: String, at: UInt64)
    /// A backend answered an upgrade with a refusal of its own.
    case backendRefused(_ record: RequestRecord?, backend: String, status: Int, at: UInt64)
}

extension RequestEvent {
    func count(in metrics: WorkerMetrics) {
        switch self {
        case .refused(_, _, _, _, let fault, _): metrics.count(fault)
        case .exchangeEnded(let record, let answer, let end, _):
            if case .refuse(let fault) = end { metrics.count(fault) }
            metrics.countRequest(route: record.route, status: Self.status(answer, end))
        case .exchangeGivenUp(let record, let answer, _, _, _):
            metrics.countRequest(route: record.route, status: answer.status)
        case .upgradeGivenUp(let record, _, _, _): metrics.add(.handshakes, [record.route, "client_left"])
        case .answered, .backendRefused: break
        }
    }

    var message: Logger.Message {
        switch self {
        case .refused: "request refused"
        case .answered, .exchangeEnded, .exchangeGivenUp: "request"
        case .upgradeGivenUp: "upgrade"
        case .backendRefused: "backend refused"
        }
    }

    /// A line beside it. A pattern of the operator's, or a client that tries it: one of them is to be looked at.
    var warning: EventLine? {
        guard case .refused(_, let client, _, let path, let fault, _) = self,
            fault.kind == .patternTooSlow
        else { return nil }
        return .event(
            .warning, "path_regex gave up",
            [
                "client": "\(client)", "side": "client", "phase": "request", "limit": "path_regex",
                "path": "\(path ?? "")", "cause": "\(fault.clientText)",
            ])
    }

    /// nil for what leaves no line: a request without a record of its own.
    ///
    /// - Parameter masks: what of queries is not shown.
    func fields(_ masks: QueryMasks) -> Logger.Metadata? {
        switch self {
        case .refused(let record, let client, let host, let path, let fault, let now):
            let fields: Logger.Metadata =
                record?.fields(at: now) ?? [
                    "client": "\(client)", "host": "\(LoggedText.host(host))",
                    "path": "\(masks.masked(path ?? ""))",
                ]
            return fields.by("client", "request", fault.clientText, status: fault.status)
        case .answered(let record, let status, let bodyBytes, let now):
            return record?.fields(at: now).merging([
                "status": .stringConvertible(status),
                "body_bytes": .stringConvertible(bodyBytes),
            ]) { $1 }
        case .exchangeEnded(let record, let answer, let end, let now):
            var fields = Self.fields(record, answer, at: now)
            fields["status"] = .stringConvertible(Self.status(answer, end))
            if let cause = Self.cause(end) { fields["cause"] = "\(cause)" }
            return fields
        case .exchangeGivenUp(let record, let answer, let phase, let cause, let now):
            return Self.fields(record, answer, at: now)
                .by("client", phase.rawValue, cause, status: answer.status)
        case .upgradeGivenUp(let record, let phase, let cause, let now):
            return record.fields(at: now).by("client", phase.rawValue, cause, status: 0)
        case .backendRefused(let record, let backend, let status, let now):
            return record?.fields(at: now).merging(["backend": "\(backend)"]) { $1 }
                .by("backend", "response", nil, status: status)
        }
    }

    /// What the client was told, or was being told.
    private static func status(_ answer: Answer, _ end: ExchangeEnd) -> Int {
        switch end {
        case .next, .last, .broken: answer.status
        case .refuse(let fault): fault.status
        }
    }

    private static func cause(_ end: ExchangeEnd) -> String? {
        switch end {
        case .next, .last: nil
        case .refuse(let fault): fault.clientText
        case .broken(let fault): "response broke off: \(fault.clientText)"
        }
    }

    private static func fields(
        _ record: RequestRecord, _ answer: Answer, at now: UInt64
    ) -> Logger.Metadata {
        var fields = record.fields(at: now)
        fields["backend"] = "\(answer.backend ?? "")"
        fields["body_bytes"] = .stringConvertible(answer.bodyBytes)
        return fields
    }
}

extension Logger.Metadata {
    /// With who ended it, in what phase and why.
    fileprivate func by(_ side: String, _ phase: String, _ cause: String?, status: Int) -> Logger.Metadata {
        var fields = self
        fields["status"] = .stringConvertible(status)
        fields["side"] = "\(side)"
        fields["phase"] = "\(phase)"
        if let cause { fields["cause"] = "\(cause)" }
        return fields
    }
}
