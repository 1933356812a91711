internal import HTTPProtocol

/// An answer of the admin listener.
struct AdminResponse {
    let status: Int
    let body: String
    let contentType: String
    let fields: [HeaderFields.Field]
    /// The numbers that the body says, where it is nothing else.
    let counts: [AdminCount]
    /// What makes the body, piece by piece; nil where it is `body`.
    let stream: (any AdminStream)?

    init(
        _ status: Int, _ body: String, contentType: String = "text/plain; charset=utf-8",
        fields: [HeaderFields.Field] = [], counts: [AdminCount] = [], stream: (any AdminStream)? = nil
    ) {
        self.counts = counts
        self.stream = stream
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

    /// Of an answer whose length nobody knows.
    func streamHead(isChunked: Bool, keepsAlive: Bool) -> ResponseHead {
        var all = HeaderFields()
        all.append("Content-Type", contentType)
        if isChunked { all.append("Transfer-Encoding", "chunked") }
        all.append("Cache-Control", "no-store")
        for field in fields { all.append(field.name, field.value) }
        if !keepsAlive { all.append("Connection", "close") }
        return ResponseHead(status: status, reason: ReasonPhrase.of(status), fields: all)
    }
}

/// Something that can answer: the process, which this room does not know.
protocol AdminHost: AnyObject {
    /// Who may ask.
    var rules: AdminRules { get }
    /// Calls `done` once, now or later, on the loop that asked.
    func answer(_ call: AdminCall, to request: AdminRequest, done: @escaping (AdminResponse) -> Void)
}
