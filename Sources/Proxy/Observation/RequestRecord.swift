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

    init(
        _ head: RequestHead, client: String, http: Int, requestID: String, began: UInt64, masks: QueryMasks
    ) {
        self.masks = masks
        self.head = head
        self.client = client
        self.http = http
        self.requestID = requestID
        self.began = began
    }

    /// The client asked for the connection's end.
    var isLast: Bool { !head.keepsAlive }

    /// The fields of its line.
    func fields(at now: UInt64) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "client": "\(client)", "method": "\(head.method)", "path": "\(masks.masked(head.target.text))",
            "host": "\(LoggedText.host(head.fields.first(.host)))", "request_id": "\(requestID)",
            "http": .stringConvertible(http),
            "duration_ms": .stringConvertible((now - min(began, now)) / 1_000_000),
        ]
        if !route.isEmpty { fields["route"] = "\(route)" }
        ClientWords(head.fields).write(to: &fields)
        return fields
    }
}
