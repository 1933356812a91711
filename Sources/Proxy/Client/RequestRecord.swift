internal import HTTPProtocol
internal import Logging

/// What the log says of a request, whatever becomes of it. Made when its head is known and taken by whoever ends it, so
/// that each request leaves one line: its own, or that of the session that it became.
struct RequestRecord {
    private let head: RequestHead
    private let client: String
    private let http: Int
    private let masks: QueryMasks
    let requestID: String
    /// On the loop's clock.
    let began: UInt64
    /// The name of its route, once there is one.
    var route = ""

    /// - Parameter requestID: for a request that brings none.
    init(
        _ head: RequestHead, client: String, http: Int, requestID: @autoclosure () -> String, began: UInt64,
        masks: QueryMasks
    ) {
        self.masks = masks
        self.head = head
        self.client = client
        self.http = http
        self.requestID = Forwarding.acceptableID(head.fields) ?? requestID()
        self.began = began
    }

    /// The client asked for the connection's end.
    var isLast: Bool { !head.keepsAlive }

    /// The fields of its line.
    func fields(at now: UInt64) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "client": "\(client)", "method": "\(head.method)", "path": "\(masks.masked(head.target.text))",
            "host": "\(LoggedText.host(head.fields.first("host")))", "request_id": "\(requestID)",
            "http": .stringConvertible(http),
            "duration_ms": .stringConvertible((now - min(began, now)) / 1_000_000),
        ]
        if !route.isEmpty { fields["route"] = "\(route)" }
        ClientWords(head.fields).write(to: &fields)
        return fields
    }
}

/// What a client says of itself and where it comes from, as its line has it.
struct ClientWords {
    let userAgent: String
    let origin: String

    init(_ fields: HeaderFields) {
        userAgent = LoggedText.bounded(fields.first("user-agent") ?? "")
        origin = LoggedText.bounded(fields.first("origin") ?? "")
    }

    func write(to fields: inout Logger.Metadata) {
        if !userAgent.isEmpty { fields["user_agent"] = "\(userAgent)" }
        if !origin.isEmpty { fields["origin"] = "\(origin)" }
    }
}

/// Text of peers in log lines. What must be escaped is escaped where lines are written.
enum LoggedText {
    /// Bytes of a field that are shown.
    private static let most = 256

    /// A host as all lines have it: as routes know it.
    static func host(_ field: String?) -> String { RequestTarget.hostName(field ?? "") }

    static func bounded(_ text: String) -> String {
        guard text.utf8.count > most else { return text }
        var kept = Substring(text.utf8.prefix(most)).unicodeScalars
        // Half a character is left out.
        while kept.last == "\u{FFFD}" { kept.removeLast() }
        return String(kept) + "…"
    }
}
