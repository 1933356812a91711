internal import HTTPProtocol
internal import Logging

/// What a client says of itself and where it comes from, as its line has it. Text is made of it where a line is written.
struct ClientWords {
    let userAgent: ArraySlice<UInt8>
    let origin: ArraySlice<UInt8>

    init(userAgent: ArraySlice<UInt8>, origin: ArraySlice<UInt8>) {
        self.userAgent = userAgent
        self.origin = origin
    }

    init(_ fields: HeaderFields) {
        userAgent = LoggedText.bounded(fields.firstBytes(.userAgent))
        origin = LoggedText.bounded(fields.firstBytes(.origin))
    }

    func write(to fields: inout Logger.Metadata) {
        if !userAgent.isEmpty { fields["user_agent"] = "\(String(decoding: userAgent, as: UTF8.self))" }
        if !origin.isEmpty { fields["origin"] = "\(String(decoding: origin, as: UTF8.self))" }
    }
}

/// Text of peers in log lines. What must be escaped is escaped where lines are written.
enum LoggedText {
    /// Bytes of a field that are shown.
    private static let most = 256

    /// A host as all lines have it: as routes know it.
    static func host(_ field: String?) -> String { RequestTarget.hostName(field ?? "") }

    static func bounded(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard text.count > most else { return text }
        var kept = String(decoding: text.prefix(most), as: UTF8.self).unicodeScalars
        // Half a character is left out.
        while kept.last == "\u{FFFD}" { kept.removeLast() }
        return Array((String(kept) + "…").utf8)[...]
    }
}
