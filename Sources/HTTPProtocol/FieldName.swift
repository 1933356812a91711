internal import ASCII

/// A name that we give to fields of our own, as it goes on the wire: its bytes are judged and its meaning is found once, and
/// not with each head that gets the field.
struct FieldName: Sendable {
    /// With colon and blank.
    let bytes: [UInt8]
    let meaning: FieldMeaning

    /// - Parameter name: a token.
    init(_ name: String) {
        bytes = Array(name.utf8) + [.colon, .space]
        meaning = FieldMeaning(of: name.utf8.span)
    }

    static let accept = FieldName("Sec-WebSocket-Accept")
    static let extensions = FieldName("Sec-WebSocket-Extensions")
    static let forwarded = FieldName("Forwarded")
    static let forwardedFor = FieldName("X-Forwarded-For")
    static let forwardedHost = FieldName("X-Forwarded-Host")
    static let forwardedPort = FieldName("X-Forwarded-Port")
    static let forwardedPrefix = FieldName("X-Forwarded-Prefix")
    static let forwardedScheme = FieldName("X-Forwarded-Proto")
    static let host = FieldName("Host")
    static let key = FieldName("Sec-WebSocket-Key")
    static let realAddress = FieldName("X-Real-IP")
    static let requestID = FieldName("X-Request-Id")
    static let version = FieldName("Sec-WebSocket-Version")
}

extension HeaderFields {
    /// What asks for a WebSocket, and what answers (RFC 6455, 4.1 and 4.2.2).
    static let upgrade: HeaderFields = {
        var fields = HeaderFields()
        fields.append("Upgrade", "websocket")
        fields.append("Connection", "Upgrade")
        return fields
    }()

    /// Spelled exactly so: many backends look these up with their case.
    static let upgradeOfThirteen: HeaderFields = {
        var fields = HeaderFields()
        fields.append("Connection", "Upgrade")
        fields.append("Upgrade", "websocket")
        fields.append("Sec-WebSocket-Version", "13")
        return fields
    }()
}
