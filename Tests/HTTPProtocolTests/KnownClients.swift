import HTTPProtocol

/// A client at this address, and what is left of the fields that it sent.
func known(
    _ peer: String, saying said: HeaderFields = HeaderFields(), trusting proxies: [String] = [],
    underscores: UnderscoreFields = .drop
) -> (client: KnownClient, fields: HeaderFields) {
    var head = RequestHead(method: "GET", target: "/", fields: said)
    let trusted = TrustedProxies(
        ranges: proxies.compactMap { AddressRange($0) }, trustsUnixSockets: proxies.contains("unix"))
    let client = KnownClient(judging: &head, from: peer, trusting: trusted, underscores: underscores)
    return (client, head.fields)
}

extension Forwarding {
    /// Of a client that nobody speaks for.
    init(client: String, isSecure: Bool, requestID: String, certificate: ForwardedCertificate? = nil) {
        self.init(
            known(client).client, over: Connection(isSecure: isSecure, certificate: certificate),
            requestID: requestID)
    }
}
