internal import HTTPProtocol

/// An answer of the admin listener.
struct AdminResponse {
    let status: Int
    let body: String
    let contentType: String
    let fields: [HeaderFields.Field]

    init(
        _ status: Int, _ body: String, contentType: String = "text/plain; charset=utf-8",
        fields: [HeaderFields.Field] = []
    ) {
        self.status = status
        self.body = body
        self.contentType = contentType
        self.fields = fields
    }

    func encoded(for head: RequestHead, keepsAlive: Bool) -> [UInt8] {
        let response = HTTPResponse(
            status: status, body: body, contentType: contentType,
            fields: [HeaderFields.Field("Cache-Control", "no-store")] + fields, keepsAlive: keepsAlive)
        return head.method == "HEAD" ? response.encodedHead : response.encoded
    }
}

/// Whoever can answer.
protocol AdminHost: AnyObject {
    /// Who may ask.
    var rules: AdminRules { get }
    /// Calls `done` once, now or later, on the loop that asked.
    func answer(_ call: AdminCall, done: @escaping (AdminResponse) -> Void)
}
