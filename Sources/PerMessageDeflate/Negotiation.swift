package import HTTPProtocol

/// How the messages of one direction are compressed.
package struct DeflateDirection: Equatable, Sendable {
    /// Base-2 logarithm of the sender's window.
    package let windowBits: Int
    /// The sender starts every message afresh.
    package let startsAfresh: Bool

    /// A direction from its parts.
    package init(windowBits: Int, startsAfresh: Bool) {
        self.windowBits = windowBits
        self.startsAfresh = startsAfresh
    }
}

/// The parameters of permessage-deflate that two sides have agreed on (RFC 7692, 7.1).
package struct DeflateAgreement: Equatable, Sendable {
    /// What the server sends.
    package let fromServer: DeflateDirection
    /// What the client sends.
    package let fromClient: DeflateDirection
    /// The value of `Sec-WebSocket-Extensions` that says so.
    package let answer: String
}

/// The server's side of the negotiation (RFC 7692, 5.1 and 7.1).
package enum Negotiation {
    static let name = "permessage-deflate"

    /// Agrees to the first offer that can be met; nil when none can.
    package static func agree(to offers: [ExtensionOffer], _ options: DeflateOptions) -> DeflateAgreement? {
        for offer in offers where offer.name == name {
            if let agreement = agree(to: offer, options) { return agreement }
        }
        return nil
    }

    private struct Wishes {
        var serverBits: Int?
        var clientBits: Int?
        var offersClientBits = false
        var serverFresh = false
        var clientFresh = false
    }

    private static func agree(to offer: ExtensionOffer, _ options: DeflateOptions) -> DeflateAgreement? {
        guard let wishes = wishes(of: offer) else { return nil }
        let serverBits = min(wishes.serverBits ?? 15, options.windowBits)
        // zlib can't compress with a window of 256 bytes: such an offer is declined (7.1.2.1 lets us).
        guard serverBits >= 9 else { return nil }
        let serverFresh = wishes.serverFresh || !options.contextTakeover
        // Nothing is answered that was not offered: RFC 7692 allows some of it (7.1.1.1, 7.1.1.2, 7.1.2.1), but there are
        // clients that fail the handshake. A sender needs nobody's leave to start afresh or to use a smaller window; of
        // the client that can't be asked then.
        let clientFresh = wishes.clientFresh
        let clientBits = wishes.offersClientBits ? min(wishes.clientBits ?? 15, options.windowBits) : 15
        var parameters: [ExtensionOffer.Parameter] = []
        if wishes.serverFresh { parameters.append(.init("server_no_context_takeover")) }
        if clientFresh { parameters.append(.init("client_no_context_takeover")) }
        if wishes.serverBits != nil {
            parameters.append(.init("server_max_window_bits", String(serverBits)))
        }
        if wishes.offersClientBits, clientBits < 15 {
            parameters.append(.init("client_max_window_bits", String(clientBits)))
        }
        return DeflateAgreement(
            fromServer: DeflateDirection(windowBits: serverBits, startsAfresh: serverFresh),
            fromClient: DeflateDirection(windowBits: clientBits, startsAfresh: clientFresh),
            answer: ExtensionOffer(name, parameters).encoded)
    }

    /// nil for an offer that must be declined: unknown, repeated or ill-valued parameters (7.1).
    private static func wishes(of offer: ExtensionOffer) -> Wishes? {
        var wishes = Wishes()
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil): wishes.serverFresh = true
            case ("client_no_context_takeover", nil): wishes.clientFresh = true
            case ("client_max_window_bits", nil): wishes.offersClientBits = true
            case ("client_max_window_bits", let value?):
                guard let bits = windowBits(value) else { return nil }
                wishes.offersClientBits = true
                wishes.clientBits = bits
            case ("server_max_window_bits", let value?):
                guard let bits = windowBits(value) else { return nil }
                wishes.serverBits = bits
            default: return nil
            }
        }
        return wishes
    }

    /// 8 to 15 in decimal without leading zeros (7.1.2).
    static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }
}
