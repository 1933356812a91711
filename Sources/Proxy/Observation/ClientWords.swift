internal import HTTPProtocol
internal import Logging

/// What a client says of itself and where it comes from, as its line has it.
struct ClientWords {
    let userAgent: String
    let origin: String

    init(userAgent: String, origin: String) {
        self.userAgent = userAgent
        self.origin = origin
    }

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
