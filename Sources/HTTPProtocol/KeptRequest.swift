internal import ASCII

/// A request for a WebSocket for as long as another backend may have to be asked for the same: one block of memory. What can
/// be made again is not in it: how the WebSocket was asked for (RFC 6455, 4.1) but for the subprotocols, and the id of the
/// request, which its session has.
///
///     flags:1  peer  address  target  query  rewritten  prefix  certificate x 3  ends x 3  fields
///
/// Each part stands behind its length, but for the last; one that may be missing behind its length and one.
package struct KeptRequest: Equatable, Sendable {
    /// What was kept, as it was.
    package struct Contents: Equatable, Sendable {
        /// A GET of HTTP/1.1, without the fields of the handshake.
        package var head: RequestHead
        /// What backends are asked for.
        package let target: RequestTarget
        /// Without changes of fields.
        package let forwarding: Forwarding

        /// What the client offered, but for extensions, which are each leg's own.
        package var upgrade: UpgradeRequest {
            UpgradeRequest(key: "", subprotocols: OfferedSubprotocols(head.fields), extensions: [])
        }
    }

    private struct Flags: OptionSet {
        let rawValue: UInt8
        static let isBelieved = Flags(rawValue: 1)
        static let cameSecurely = Flags(rawValue: 2)
        static let isSecure = Flags(rawValue: 4)
        static let asksForCertificates = Flags(rawValue: 8)
    }

    private let bytes: [UInt8]

    /// Keeps what a backend was asked for.
    ///
    /// - Parameter target: what backends are asked for.
    package init(_ head: RequestHead, target: RequestTarget, forwarding: Forwarding) {
        let (known, connection) = (forwarding.known, forwarding.connection)
        var flags: Flags = []
        if known.isBelieved { flags.insert(.isBelieved) }
        if known.cameSecurely { flags.insert(.cameSecurely) }
        if connection.isSecure { flags.insert(.isSecure) }
        if connection.asksForCertificates { flags.insert(.asksForCertificates) }
        var parts = PartWriter()
        parts.bytes.append(flags.rawValue)
        parts.put(known.peer)
        parts.put(known.address == known.peer ? nil : known.address)
        parts.put(UInt64(connection.port))
        parts.put(head.target.path)
        parts.put(head.target.query)
        parts.put(target == head.target ? nil : target.path)
        parts.put(forwarding.prefix)
        parts.put(optional: connection.certificate?.der)
        parts.put(optional: connection.certificate?.fingerprint)
        parts.put(connection.certificate?.subject)
        parts.put(connection.ends?.server)
        parts.put(UInt64(connection.ends?.clientPort ?? 0))
        parts.put(UInt64(connection.ends?.serverPort ?? 0))
        Self.withoutHandshake(head.fields).write(into: &parts.bytes)
        bytes = parts.packed
    }

    /// Bytes of memory that it takes.
    package var keptBytes: Int { bytes.count &+ 32 }

    /// What each handshake says anew. A `Connection` that names more than that takes fields away, and stays.
    private static func withoutHandshake(_ fields: HeaderFields) -> HeaderFields {
        var left = [
            "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
        ]
        if fields.tokens("connection").allSatisfy(HopByHop.isOfConnection) { left.append("connection") }
        var fields = fields
        fields.remove(anyOf: left)
        return fields
    }

    /// What was kept.
    ///
    /// - Parameter requestID: the request's.
    package func contents(requestID: String) -> Contents {
        var parts = PartReader(bytes)
        let flags = Flags(rawValue: parts.byte())
        let peer = parts.text()
        let address = parts.optionalText() ?? peer
        let port = UInt16(truncatingIfNeeded: parts.number())
        let target = RequestTarget(kept: parts.text(), query: parts.optionalText())
        let rewritten = parts.optionalText()
        let prefix = parts.optionalText()
        let (der, fingerprint, subject) = (parts.optional(), parts.optional(), parts.optionalText())
        let server = parts.optionalText()
        let clientPort = UInt16(truncatingIfNeeded: parts.number())
        let serverPort = UInt16(truncatingIfNeeded: parts.number())
        var certificate: ForwardedCertificate?
        if let der, let fingerprint, let subject {
            certificate = ForwardedCertificate(
                der: Array(der), fingerprint: Array(fingerprint), subject: subject)
        }
        let connection = Forwarding.Connection(
            isSecure: flags.contains(.isSecure), port: port, certificate: certificate,
            asksForCertificates: flags.contains(.asksForCertificates),
            ends: server.map {
                ConnectionEnds(clientPort: clientPort, server: $0, serverPort: serverPort)
            })
        let known = KnownClient(
            kept: address, peer: peer, isBelieved: flags.contains(.isBelieved),
            cameSecurely: flags.contains(.cameSecurely))
        return Contents(
            head: RequestHead(method: "GET", target: target, fields: HeaderFields(kept: parts.rest)),
            target: rewritten.map { RequestTarget(kept: $0, query: target.query) } ?? target,
            forwarding: Forwarding(known, over: connection, requestID: requestID, prefix: prefix))
    }
}
