/// What a backend may choose from, and the check that it did (RFC 6455, 4.1), whatever carries the handshake.
struct HandshakeOffer: Equatable, Sendable {
    private let subprotocols: OfferedSubprotocols
    private let extensions: [ExtensionOffer]

    init(_ subprotocols: OfferedSubprotocols, _ extensions: [ExtensionOffer]) {
        self.subprotocols = subprotocols
        self.extensions = extensions
    }

    func append(to fields: inout HeaderFields) {
        subprotocols.append(to: &fields)
        if !extensions.isEmpty {
            fields.append(.extensions, HeaderGrammar.encode(extensions))
        }
    }

    /// The rest of 4.1 once the backend has agreed: nothing that was not offered.
    func accepted(_ fields: HeaderFields) throws(ClientHandshakeError) -> AcceptedUpgrade {
        let subprotocol = try chosenSubprotocol(fields)
        guard fields.contains(.extensions) else {
            return AcceptedUpgrade(subprotocol: subprotocol, extensions: nil, fields: fields)
        }
        guard let agreed = try? HeaderGrammar.extensions(fields.all(.extensions)) else {
            throw .malformedExtensions
        }
        for chosen in agreed where !extensions.contains(where: { $0.name == chosen.name }) {
            throw .unknownExtension(chosen.name)
        }
        return AcceptedUpgrade(
            subprotocol: subprotocol, extensions: agreed.isEmpty ? nil : HeaderGrammar.encode(agreed),
            fields: fields)
    }

    /// At most one, and of those offered. An empty line is none: some servers send it to clients that asked for none.
    private func chosenSubprotocol(_ fields: HeaderFields) throws(ClientHandshakeError) -> Subprotocol? {
        guard fields.contains(.subprotocols) else { return nil }
        let chosen = fields.values(.subprotocols).filter { !$0.isEmpty }.map { Subprotocol($0) }
        guard let name = chosen.first else { return nil }
        guard chosen.count == 1, subprotocols.names.contains(name) else {
            throw .unknownSubprotocol(name.description)
        }
        return name
    }
}
