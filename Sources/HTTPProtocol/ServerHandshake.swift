/// A valid request for a WebSocket (RFC 6455, 4.2.1).
package struct UpgradeRequest: Equatable, Sendable {
    /// The client's `Sec-WebSocket-Key`.
    package let key: String
    /// Offered, the preferred one first.
    package let subprotocols: OfferedSubprotocols
    /// Offered, the preferred one first.
    package let extensions: [ExtensionOffer]

    /// The same with no extension offered.
    package var withoutExtensions: UpgradeRequest {
        UpgradeRequest(key: key, subprotocols: subprotocols, extensions: [])
    }
}

/// What a request asks for.
package enum OnRequest: Equatable, Sendable {
    /// A WebSocket, asked for rightly.
    case upgrade(UpgradeRequest)
    /// No upgrade to WebSocket.
    case plain
    /// A WebSocket, asked for wrongly.
    case refuse(Refusal.Reason)
}

/// The server's side of the opening handshake: judges requests and writes the 101 (RFC 6455, 4.2).
package enum ServerHandshake {
    /// What a request asks for, and whether it asks rightly.
    package static func judge(_ head: RequestHead) -> OnRequest {
        guard isForUs(head) else { return .plain }
        guard hasNoBody(head.fields) else { return .refuse(.upgradeWithBody) }
        // 4.2.2: a version we don't speak gets the one we do.
        guard head.fields.isOnly(.version, "13".utf8.span) else { return .refuse(.badVersion) }
        let (count, key) = head.fields.only(.key)
        guard let key else { return .refuse(count == 0 ? .missingKey : .repeatedKey) }
        guard WebSocketKey.isValid(key) else { return .refuse(.badKey) }
        do throws(HeaderGrammarError) {
            return .upgrade(
                UpgradeRequest(
                    key: key,
                    subprotocols: OfferedSubprotocols(head.fields),
                    extensions: try HeaderGrammar.extensions(head.fields.all(.extensions))))
        } catch {
            return .refuse(.badExtensions)
        }
    }

    /// Whether the request's Upgrade is one to heed. One of HTTP/1.0 is ignored (RFC 9110, 7.8), and so is one that
    /// `Connection` doesn't name, which is none for this hop (7.6.1), one to another protocol, and one of a method that
    /// no WebSocket begins with (RFC 6455, 4.1): such requests go their way as plain ones.
    private static func isForUs(_ head: RequestHead) -> Bool {
        head.method == "GET" && head.minorVersion > 0 && head.fields.hasToken(.upgrade, "websocket")
            && head.fields.hasToken(.connection, "upgrade")
    }

    private static func hasNoBody(_ fields: HeaderFields) -> Bool {
        guard let framing = try? BodyFraming(fields) else { return false }
        return framing == .none || framing == .length(0)
    }

    /// The 101 for a client: our accept value and extensions, the backend's subprotocol and application fields.
    package static func answer(
        to request: UpgradeRequest, subprotocol: Subprotocol?, extensions: String?,
        backendFields: HeaderFields
    ) -> [UInt8] {
        var fields = HeaderFields()
        fields.reserve(bytes: 128 + backendFields.keptBytes, lines: 5 + backendFields.count)
        fields.append(contentsOf: .upgrade)
        fields.append(.accept, WebSocketKey.accept(request.key))
        if let subprotocol { fields.append("Sec-WebSocket-Protocol", bytes: subprotocol.bytes) }
        if let extensions { fields.append(.extensions, extensions) }
        fields.append(contentsOf: HopByHop.applicationFields(of: backendFields))
        return ResponseHead(status: 101, reason: ReasonPhrase.of(101), fields: fields).encoded
    }
}
