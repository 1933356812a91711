internal import ASCII

/// What a backend is told of the client (RFC 7239 and the X-Forwarded- fields before it).
package struct Forwarding: Equatable, Sendable {
    /// What is known of a client's connection, beside who it is.
    package struct Connection: Equatable, Sendable {
        /// It came over TLS.
        package let isSecure: Bool
        /// Where it came in; 0 for a Unix socket.
        package let port: UInt16
        /// The certificate that it has proved to hold.
        package let certificate: ForwardedCertificate?
        /// It was asked for one: nobody else says whose certificate it is.
        package let asksForCertificates: Bool
        /// The rest of its addresses, where a backend is to know them.
        package let ends: ConnectionEnds?

        /// A connection from its parts.
        package init(
            isSecure: Bool, port: UInt16 = 0, certificate: ForwardedCertificate? = nil,
            asksForCertificates: Bool = false, ends: ConnectionEnds? = nil
        ) {
            self.isSecure = isSecure
            self.port = port
            self.certificate = certificate
            self.asksForCertificates = asksForCertificates || certificate != nil
            self.ends = ends
        }
    }

    static let traits: [(String, FieldTraits)] =
        Said.names.map { ($0, .rewritten) } + [("x-request-id", .requestID)]

    /// What stays as it is, in one object: a copy is to cost nothing.
    private final class Facts: Equatable, Sendable {
        let known: KnownClient
        let connection: Connection
        let requestID: String
        let prefix: String?

        init(_ known: KnownClient, _ connection: Connection, _ requestID: String, _ prefix: String?) {
            self.known = known
            self.connection = connection
            self.requestID = requestID
            self.prefix = prefix
        }

        static func == (a: Facts, b: Facts) -> Bool {
            a.known == b.known && a.connection == b.connection && a.requestID == b.requestID
                && a.prefix == b.prefix
        }
    }

    private let facts: Facts
    var known: KnownClient { facts.known }
    var connection: Connection { facts.connection }
    /// The client's own, or one of ours.
    package var requestID: String { facts.requestID }
    /// The path's beginning that the backend doesn't see.
    var prefix: String? { facts.prefix }
    /// For many clients: names, in lower case, of the fields by which they are told apart; nil = for one.
    private var shared: [String]?
    /// What the route changes, once all is known that it goes by.
    package var edits: FieldEdits?

    /// - Parameter prefix: what was stripped from the path, if anything.
    package init(
        _ known: KnownClient, over connection: Connection, requestID: String, prefix: String? = nil
    ) {
        facts = Facts(known, connection, requestID, prefix)
    }

    /// The client's address without a port; `unix:` for a Unix socket.
    package var client: String { facts.known.address }
    /// Where its connection begins and ends; nil where no backend is to know, or where another's connection ends here.
    package var ends: ConnectionEnds? {
        guard facts.known.address == facts.known.peer else { return nil }
        return facts.connection.ends
    }

    /// The same for a request that many clients share: of who has asked first only these fields are told.
    package func shared(tellingApartBy names: [String]) -> Forwarding {
        var copy = self
        copy.shared = names
        return copy
    }

    /// A client's own request id is kept when it is plain: 1 to 128 visible ASCII characters.
    package static func acceptableID(_ fields: HeaderFields) -> String? {
        guard let id = fields.first(.requestID), (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ $0 > .space && $0 < .delete })
        else { return nil }
        return id
    }

    /// Writes the fields: what a trusted peer says is extended, anybody else's word is replaced.
    package func apply(to fields: inout HeaderFields) {
        let said = facts.known.isBelieved ? Said(fields) : Said()
        let host = fields.first(.host) ?? ""
        fields.remove(among: [.requestID, .hereOnly, .identity, .entrance], where: isReplaced)
        facts.connection.certificate?.apply(to: &fields)
        let address = facts.known.peer == "unix:" ? "unknown" : facts.known.peer
        let scheme = facts.connection.isSecure ? "https" : "http"
        fields.append(.forwardedFor, list(said.addresses, address))
        if facts.known.address != "unix:" { fields.append(.realAddress, facts.known.address) }
        fields.append(.forwardedScheme, said.scheme ?? scheme)
        if let host = said.host ?? (host.isEmpty ? nil : host) { fields.append(.forwardedHost, host) }
        if let port = said.port ?? (facts.connection.port > 0 ? String(facts.connection.port) : nil) {
            fields.append(.forwardedPort, port)
        }
        if facts.prefix != nil || said.prefix != nil {
            fields.append(.forwardedPrefix, (said.prefix ?? "") + (facts.prefix ?? ""))
        }
        fields.append(.forwarded, bytes: forwarded(said.elements, address, scheme, host))
        fields.append(.requestID, facts.requestID)
        edits?.apply(to: &fields, shared: shared)
        if let shared { fields.removeAll { !isTold($0, shared) } }
    }

    private func list(_ before: [String], _ last: String) -> String {
        before.isEmpty ? last : before.joined(separator: ", ") + ", " + last
    }

    private func isReplaced(_ field: FieldTraits) -> Bool {
        if !field.isDisjoint(with: [.requestID, .hereOnly]) { return true }
        guard !field.isDisjoint(with: .claims) else { return false }
        guard facts.known.isBelieved, !field.contains(.respelled) else { return true }
        return field.contains(.rewritten)
            || facts.connection.asksForCertificates && field.contains(.certificate)
    }

    private func isTold(_ name: String, _ shared: [String]) -> Bool {
        switch ClientFields.kind(of: name) {
        case .identity, .credential: shared.contains(name)
        case .entrance, nil: true
        }
    }

    /// RFC 7239, 4 and 6: an IPv6 address stands in brackets and quotes and has no zone, a host with a port in quotes.
    ///
    /// - Parameter before: elements of those who came first.
    private func forwarded(
        _ before: [String], _ address: String, _ scheme: String, _ host: String
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(address.utf8.count + host.utf8.count + 40)
        for element in before {
            text.append(text: element)
            text.append(text: ", ")
        }
        text.append(text: "for=")
        if address.utf8.contains(.colon) {
            text.append(text: "\"[")
            text += address.utf8.prefix { $0 != .percent }
            text.append(text: "]\"")
        } else {
            text.append(text: address)
        }
        text.append(text: ";proto=")
        text.append(text: scheme)
        if host.isEmpty { return text }
        text.append(text: ";host=")
        let isQuoted = !isToken(host)
        if isQuoted { text.append(.quote) }
        // A host has neither; what it came as is not believed here.
        for byte in host.utf8 where byte != .quote && byte != .backslash { text.append(byte) }
        if isQuoted { text.append(.quote) }
        return text
    }
}

/// What a trusted peer says of its client, as far as it can be read.
private struct Said {
    /// What is written anew.
    static let names = [
        "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix",
        "forwarded", "x-real-ip",
    ]

    private(set) var addresses: [String] = []
    private(set) var elements: [String] = []
    private(set) var scheme: String?
    var host: String?
    var port: String?
    var prefix: String?

    /// Of one who is not believed.
    init() {}

    init(_ fields: HeaderFields) {
        addresses = fields.all("x-forwarded-for").filter { !$0.isEmpty }
        let forwarded = fields.all("forwarded").filter { !$0.isEmpty }
        // An open quote would swallow what we add.
        if ForwardedElements.nodes(forwarded) != nil { elements = forwarded }
        scheme = Self.one(fields, "x-forwarded-proto") { isToken($0) }
        host = Self.one(fields, "x-forwarded-host") { isAuthority($0) }
        port = Self.one(fields, "x-forwarded-port") { AddressText.port($0[...]) != nil }
        prefix = Self.one(fields, "x-forwarded-prefix") { $0.hasPrefix("/") && !$0.hasPrefix("//") }
            .map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// A list over all lines whose members are all as they must be.
    private static func one(_ fields: HeaderFields, _ name: String, _ isGood: (String) -> Bool) -> String? {
        let members = fields.tokens(name)
        return members.isEmpty || !members.allSatisfy(isGood) ? nil : members.joined(separator: ", ")
    }
}
