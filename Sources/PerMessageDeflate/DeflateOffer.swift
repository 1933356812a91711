package import HTTPProtocol

/// Why a server's answer to an offer of permessage-deflate can't be kept (RFC 7692, 7.1).
package enum DeflateAnswerError: Error, Equatable, Sendable {
    /// Extensions against the grammar.
    case malformed
    /// More than one extension, or another one.
    case notOffered
    /// Unknown, repeated or ill-valued.
    case badParameter(String)

    /// One line, lower case.
    package var reason: String {
        switch self {
        case .malformed: "malformed Sec-WebSocket-Extensions"
        case .notOffered: "extensions were agreed to that were not offered"
        case .badParameter(let name): "permessage-deflate with a wrong parameter '\(name)'"
        }
    }
}

/// The client's side of the negotiation (RFC 7692, 5.1 and 7.1), towards a backend.
package struct DeflateOffer: Equatable, Sendable {
    private let windowBits: Int
    /// What goes into the request: first with a bound on the server's window, which spares us memory, then without it,
    /// since a server that can't keep that bound must decline (7.1.2.1).
    package let offers: [ExtensionOffer]

    /// An offer that follows a route's policy.
    package init(_ options: DeflateOptions) {
        windowBits = options.windowBits
        var common: [ExtensionOffer.Parameter] = []
        if !options.contextTakeover {
            common = [.init("server_no_context_takeover"), .init("client_no_context_takeover")]
        }
        // 7.1.2.2: with a value it says that we will use no larger window, whatever the answer.
        common.append(
            .init("client_max_window_bits", windowBits < 15 ? String(windowBits) : nil))
        let plain = ExtensionOffer(Negotiation.name, common)
        let bounded = ExtensionOffer(
            Negotiation.name, [.init("server_max_window_bits", String(windowBits))] + common)
        offers = windowBits < 15 ? [bounded, plain] : [plain]
    }

    /// What the server has agreed to; nil when it goes uncompressed.
    ///
    /// - Parameter answer: its `Sec-WebSocket-Extensions`; nil when it sent none.
    package func agreement(_ answer: String?) throws(DeflateAnswerError) -> DeflateAgreement? {
        guard let answer else { return nil }
        guard let agreed = try? HeaderGrammar.extensions([answer]) else { throw .malformed }
        guard let only = agreed.first else { return nil }
        guard agreed.count == 1, only.name == Negotiation.name else { throw .notOffered }
        return try agreement(only, answer)
    }

    private func agreement(
        _ only: ExtensionOffer, _ answer: String
    ) throws(DeflateAnswerError) -> DeflateAgreement {
        var (serverBits, clientBits) = (15, windowBits)
        // Where it promises less than was asked, nothing is lost but memory: the answer to the second offer may.
        var (serverFresh, clientFresh) = (false, false)
        var seen: Set<String> = []
        for parameter in only.parameters {
            guard seen.insert(parameter.name).inserted else { throw .badParameter(parameter.name) }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil): serverFresh = true
            case ("client_no_context_takeover", nil): clientFresh = true
            case ("server_max_window_bits", let value?):
                guard let bits = Negotiation.windowBits(value) else { throw .badParameter(parameter.name) }
                serverBits = bits
            case ("client_max_window_bits", let value?):
                // Never more than we offered.
                guard let bits = Negotiation.windowBits(value), bits <= windowBits else {
                    throw .badParameter(parameter.name)
                }
                clientBits = bits
            default: throw .badParameter(parameter.name)
            }
        }
        return DeflateAgreement(
            fromServer: DeflateDirection(windowBits: serverBits, startsAfresh: serverFresh),
            fromClient: DeflateDirection(windowBits: clientBits, startsAfresh: clientFresh), answer: answer)
    }
}
