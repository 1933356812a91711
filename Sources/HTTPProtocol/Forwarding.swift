/// What a backend is told of the client (RFC 7239 and the X-Forwarded- fields before it).
package struct Forwarding: Equatable, Sendable {
    /// The client's address without a port; `unix:` for a Unix socket.
    package let client: String
    /// Whether it came over TLS.
    package let isSecure: Bool
    /// The client's own, or one of ours.
    package let requestID: String
    /// The rest of its connection's addresses, where a backend is to know them.
    package let ends: ConnectionEnds?
    /// The certificate that it has proved to hold.
    package let certificate: ForwardedCertificate?

    /// What is known of a client's connection.
    package init(
        client: String, isSecure: Bool, requestID: String, certificate: ForwardedCertificate? = nil,
        ends: ConnectionEnds? = nil
    ) {
        self.ends = ends
        self.certificate = certificate
        self.client = client
        self.isSecure = isSecure
        self.requestID = requestID
    }

    /// A client's own request id is kept when it is plain: 1 to 128 visible ASCII characters.
    package static func acceptableID(_ fields: HeaderFields) -> String? {
        guard let id = fields.first("x-request-id"), (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        return id
    }

    /// Adds the fields: addresses are appended to what came, the rest replaces it.
    package func apply(to fields: inout HeaderFields) {
        let scheme = isSecure ? "https" : "http"
        let host = fields.first("host") ?? ""
        let address = client == "unix:" ? "unknown" : client
        let earlier = fields.all("x-forwarded-for").filter { !$0.isEmpty }
        let elements = fields.all("forwarded").filter { !$0.isEmpty }
        for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-request-id"]
        {
            fields.remove(name)
        }
        // A client may say nothing of its own certificate (RFC 9440, 2.4).
        for name in ForwardedCertificate.names { fields.remove(name) }
        certificate?.apply(to: &fields)
        fields.append("X-Forwarded-For", (earlier + [address]).joined(separator: ", "))
        fields.append("X-Forwarded-Proto", scheme)
        if !host.isEmpty { fields.append("X-Forwarded-Host", host) }
        fields.append("Forwarded", (elements + [element(address, scheme, host)]).joined(separator: ", "))
        fields.append("X-Request-Id", requestID)
    }

    /// RFC 7239, 4 and 6: an IPv6 address stands in brackets and quotes and has no zone, a host with a port in quotes.
    private func element(_ address: String, _ scheme: String, _ host: String) -> String {
        let node = address.contains(":") ? "\"[\(address.prefix { $0 != "%" })]\"" : address
        let named = isToken(host) ? host : "\"\(host.filter { $0 != "\"" && $0 != "\\" })\""
        return "for=\(node);proto=\(scheme)" + (host.isEmpty ? "" : ";host=\(named)")
    }
}
