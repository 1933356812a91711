/// A backend's 101, checked.
package struct AcceptedUpgrade: Equatable, Sendable {
    /// The one that the backend chose; nil when none.
    package let subprotocol: Subprotocol?
    /// The extensions that the backend chose of those passed on; nil when none.
    package let extensions: String?
    /// All fields of the answer.
    package let fields: HeaderFields

    /// As a backend answers, or as we do in its place.
    package init(subprotocol: Subprotocol?, extensions: String? = nil, fields: HeaderFields = HeaderFields())
    {
        self.subprotocol = subprotocol
        self.extensions = extensions
        self.fields = fields
    }

    /// The same without the lines of a name.
    package func without(_ name: String) -> AcceptedUpgrade {
        var fields = fields
        fields.remove(name)
        return AcceptedUpgrade(subprotocol: subprotocol, extensions: extensions, fields: fields)
    }
}

/// What a backend answered.
package enum OnResponse: Equatable, Sendable {
    /// The WebSocket is open.
    case accepted(AcceptedUpgrade)
    /// Any other final status: it goes to the client as it is.
    case refused(ResponseHead)
    /// 1xx but 101: the answer is still to come.
    case interim
}

/// Why a backend's 101 can't be believed.
package enum ClientHandshakeError: Error, Equatable, Sendable {
    /// `Upgrade` or `Connection` doesn't say so.
    case missingUpgrade
    /// `Sec-WebSocket-Accept` is missing, repeated or another key's.
    case wrongAccept
    /// A subprotocol that was not offered, or several.
    case unknownSubprotocol(String)
    /// An extension that was not offered.
    case unknownExtension(String)
    /// Extensions against the grammar.
    case malformedExtensions

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .missingUpgrade: "101 without Upgrade: websocket and Connection: Upgrade"
        case .wrongAccept: "Sec-WebSocket-Accept does not answer the key"
        case .unknownSubprotocol(let name): "subprotocol '\(name)' was not offered"
        case .malformedExtensions: "malformed Sec-WebSocket-Extensions"
        case .unknownExtension(let name): "extension '\(name)' was not offered"
        }
    }
}

/// The client's side of the opening handshake, towards a backend (RFC 6455, 4.1): key, extensions and masking are this
/// leg's own; subprotocols and application fields go end to end.
package struct ClientHandshake: Equatable, Sendable {
    private let key: String
    private let offer: HandshakeOffer
    /// The request on the wire.
    package let request: [UInt8]

    /// - Parameters:
    ///   - head: the client's request.
    ///   - target: path and query for the backend.
    ///   - key: a fresh one.
    ///   - offers: the extensions to ask for.
    package init(
        _ head: RequestHead, upgrade: UpgradeRequest, target: RequestTarget, forwarding: Forwarding,
        key: String,
        offers: [ExtensionOffer]
    ) {
        self.key = key
        offer = HandshakeOffer(upgrade.subprotocols, offers)
        var fields = HopByHop.handshakeFields(of: head.fields)
        forwarding.apply(to: &fields)
        fields.append(contentsOf: .upgradeOfThirteen)
        fields.append(.key, key)
        offer.append(to: &fields)
        request = RequestHead(method: "GET", target: target, fields: fields).encoded
    }

    /// Judges the backend's answer (4.1, the list after the request's).
    package func check(_ head: ResponseHead) throws(ClientHandshakeError) -> OnResponse {
        guard head.status == 101 else { return head.status < 200 ? .interim : .refused(head) }
        guard head.fields.hasToken(.upgrade, "websocket"), head.fields.hasToken(.connection, "upgrade")
        else {
            throw .missingUpgrade
        }
        guard head.fields.isOnly(.accept, WebSocketKey.answer(to: key).span) else {
            throw .wrongAccept
        }
        return .accepted(try offer.accepted(head.fields))
    }
}
