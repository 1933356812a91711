/// A backend's 101, checked.
package struct AcceptedUpgrade: Equatable, Sendable {
    package let subprotocol: String?
    /// The extensions that the backend chose of those passed on; nil when none.
    package let extensions: String?
    package let fields: HeaderFields
}

/// What a backend answered.
package enum OnResponse: Equatable, Sendable {
    case accepted(AcceptedUpgrade)
    /// Any other final status: it goes to the client as it is.
    case refused(ResponseHead)
    /// 1xx but 101: the answer is still to come.
    case interim
}

/// Why a backend's 101 can't be believed.
package enum ClientHandshakeError: Error, Equatable, Sendable {
    case missingUpgrade
    case wrongAccept
    case unknownSubprotocol(String)
    case unknownExtension(String)

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .missingUpgrade: "101 without Upgrade: websocket and Connection: Upgrade"
        case .wrongAccept: "Sec-WebSocket-Accept does not answer the key"
        case .unknownSubprotocol(let name): "subprotocol '\(name)' was not offered"
        case .unknownExtension(let name): "extension '\(name)' was not offered"
        }
    }
}

/// The client's side of the opening handshake, towards a backend (RFC 6455, 4.1): key, extensions and masking are this
/// leg's own; subprotocols and application fields go end to end.
package struct ClientHandshake: Equatable, Sendable {
    private let key: String
    private let subprotocols: [String]
    private let offeredExtensions: [String]
    /// The request on the wire.
    package let request: [UInt8]

    /// - Parameters:
    ///   - head: the client's request.
    ///   - target: path and query for the backend.
    ///   - key: a fresh one.
    ///   - passesExtensions: the client's offer goes to the backend.
    package init(
        _ head: RequestHead, upgrade: UpgradeRequest, target: String, forwarding: Forwarding, key: String,
        passesExtensions: Bool
    ) {
        self.key = key
        subprotocols = upgrade.subprotocols
        let offers = passesExtensions ? upgrade.extensions : []
        offeredExtensions = offers.map(\.name)
        var fields = HeaderFields()
        for field in HopByHop.removed(from: head.fields).list
        where !field.name.lowercased().hasPrefix("sec-websocket-") && !equalsIgnoringCase(field.name, "content-length") {
            fields.append(field.name, field.value)
        }
        forwarding.apply(to: &fields)
        // Spelled exactly so: many backends look these up with their case.
        fields.append("Connection", "Upgrade")
        fields.append("Upgrade", "websocket")
        fields.append("Sec-WebSocket-Version", "13")
        fields.append("Sec-WebSocket-Key", key)
        if !subprotocols.isEmpty { fields.append("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", ")) }
        if !offers.isEmpty { fields.append("Sec-WebSocket-Extensions", offers.map(\.encoded).joined(separator: ", ")) }
        request = RequestHead(method: "GET", target: target, fields: fields).encoded
    }

    /// Judges the backend's answer (4.1, the list after the request's).
    package func check(_ head: ResponseHead) throws(ClientHandshakeError) -> OnResponse {
        guard head.status == 101 else { return head.status < 200 ? .interim : .refused(head) }
        guard head.fields.hasToken("upgrade", "websocket"), head.fields.hasToken("connection", "upgrade") else {
            throw .missingUpgrade
        }
        guard head.fields.all("sec-websocket-accept") == [WebSocketKey.accept(key)] else { throw .wrongAccept }
        let chosen = head.fields.all("sec-websocket-protocol")
        if let name = chosen.first {
            guard chosen.count == 1, subprotocols.contains(name) else { throw .unknownSubprotocol(name) }
        }
        let extensions = head.fields.all("sec-websocket-extensions")
        for offer in (try? HeaderGrammar.extensions(extensions)) ?? [ExtensionOffer("malformed")] {
            guard offeredExtensions.contains(offer.name) else { throw .unknownExtension(offer.name) }
        }
        return .accepted(
            AcceptedUpgrade(
                subprotocol: chosen.first, extensions: extensions.isEmpty ? nil : extensions.joined(separator: ", "),
                fields: head.fields))
    }
}
