/// The client's side of a WebSocket's opening on an HTTP/2 stream, towards a backend (RFC 8441, 5): what RFC 6455 asks
/// for, but for the key, which the stream replaces, and the Upgrade.
package struct StreamHandshake: Equatable, Sendable {
    private let offer: HandshakeOffer
    /// The request: method CONNECT, path and query, all fields with Host among them.
    package let request: RequestHead

    /// - Parameters:
    ///   - head: the client's request.
    ///   - target: path and query for the backend.
    ///   - offers: the extensions to ask for.
    package init(
        _ head: RequestHead, upgrade: UpgradeRequest, target: RequestTarget, forwarding: Forwarding,
        offers: [ExtensionOffer]
    ) {
        offer = HandshakeOffer(upgrade.subprotocols, offers)
        var fields = HopByHop.applicationFields(of: head.fields)
        forwarding.apply(to: &fields)
        fields.append(.version, "13")
        offer.append(to: &fields)
        request = RequestHead(method: "CONNECT", target: target, fields: fields)
    }

    /// Judges the backend's answer: 2xx opens the WebSocket.
    package func check(_ head: ResponseHead) throws(ClientHandshakeError) -> OnResponse {
        switch head.status {
        case ..<200: .interim
        case 200..<300: .accepted(try offer.accepted(head.fields))
        default: .refused(head)
        }
    }
}
