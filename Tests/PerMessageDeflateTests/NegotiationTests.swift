import BasicContainers
import HTTPProtocol
import PerMessageDeflate
import Testing

/// One offer with its parameters in plain values.
private struct Offer {
    var serverFresh = false
    var clientFresh = false
    /// nil = absent.
    var serverBits: Int?
    /// nil = absent, 0 = without a value.
    var clientBits: Int?

    /// All there are.
    static var all: [Offer] {
        var offers: [Offer] = []
        for fresh in 0..<4 {
            for serverBits in [nil] + (8...15).map(Optional.some) {
                for clientBits in [nil, 0] + (8...15).map(Optional.some) {
                    offers.append(
                        Offer(
                            serverFresh: fresh & 1 != 0, clientFresh: fresh & 2 != 0, serverBits: serverBits,
                            clientBits: clientBits))
                }
            }
        }
        return offers
    }

    /// As in a header, the parameters in their order or in the opposite one.
    func text(reversed: Bool) -> String {
        var parameters: [String] = []
        if serverFresh { parameters.append("server_no_context_takeover") }
        if clientFresh { parameters.append("client_no_context_takeover") }
        if let serverBits { parameters.append("server_max_window_bits=\(serverBits)") }
        if let clientBits {
            parameters.append("client_max_window_bits" + (clientBits == 0 ? "" : "=\(clientBits)"))
        }
        return (["permessage-deflate"] + (reversed ? parameters.reversed() : parameters)).joined(
            separator: "; ")
    }
}

@Suite("Negotiation of permessage-deflate")
struct NegotiationTests {
    private static let policies = [9, 12, 15].flatMap { bits in
        [true, false].map { DeflateOptions(windowBits: bits, contextTakeover: $0) }
    }

    @Test("every legal offer under every policy: the answer keeps to RFC 7692, 7.1", arguments: policies)
    func everyCombination(options: DeflateOptions) throws {
        for offer in Offer.all {
            for reversed in [true, false] {
                let text = offer.text(reversed: reversed)
                let agreed = Negotiation.agree(to: try HeaderGrammar.extensions([text]), options)
                if offer.serverBits == 8 {
                    // zlib can't compress with so small a window.
                    #expect(agreed == nil, "\(text)")
                } else {
                    try check(try #require(agreed, "\(text)"), offer, options, text)
                }
            }
        }
    }

    private func check(
        _ agreed: DeflateAgreement, _ offer: Offer, _ options: DeflateOptions, _ text: String
    ) throws {
        let answers = try HeaderGrammar.extensions([agreed.answer])
        #expect(answers.count == 1 && answers[0].name == "permessage-deflate")
        var said: [String: String] = [:]
        for parameter in answers[0].parameters {
            #expect(said.updateValue(parameter.value ?? "", forKey: parameter.name) == nil)
        }
        // 7.1.1: what the client asks of us, or of itself, is answered, and nothing else; we follow the policy anyway.
        let isFresh = !options.contextTakeover
        #expect((said["server_no_context_takeover"] != nil) == offer.serverFresh, "\(text)")
        #expect((said["client_no_context_takeover"] != nil) == offer.clientFresh, "\(text)")
        #expect(agreed.fromServer.startsAfresh == (offer.serverFresh || isFresh))
        #expect(agreed.fromClient.startsAfresh == offer.clientFresh)
        // 7.1.2.1: answered only if offered, and never above it.
        let serverBits = min(offer.serverBits ?? 15, options.windowBits)
        #expect(agreed.fromServer.windowBits == serverBits)
        let saysServerBits = offer.serverBits != nil
        #expect(said["server_max_window_bits"] == (saysServerBits ? "\(serverBits)" : nil), "\(text)")
        // 7.1.2.2: answered only if offered; without an answer the client may use all of 15.
        let offered = offer.clientBits.map { $0 == 0 ? 15 : $0 }
        let clientBits = min(offered ?? 15, offered == nil ? 15 : options.windowBits)
        #expect(agreed.fromClient.windowBits == clientBits)
        if let value = said["client_max_window_bits"] {
            #expect(offered != nil && Int(value) == clientBits, "\(text)")
        } else {
            #expect(clientBits == 15, "\(text)")
        }
        let known: Set = [
            "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
            "client_max_window_bits",
        ]
        #expect(known.isSuperset(of: said.keys))
    }

    @Test("both directions of every agreement carry messages")
    func everyAgreementWorks() throws {
        let options = DeflateOptions(minimumSize: 0)
        let arena = ContextArena()
        let texts = ["", "a", String(repeating: "{\"symbol\":\"ALBA\",\"price\":182.4}", count: 300)]
        for offer in Offer.all where offer.serverBits != 8 && offer.clientBits != 8 {
            let offers = try HeaderGrammar.extensions([offer.text(reversed: false)])
            let agreed = try #require(Negotiation.agree(to: offers, options))
            for direction in [agreed.fromServer, agreed.fromClient] {
                var deflater = Deflater(direction, options, in: arena)
                var inflater = Inflater(direction, limits: InflateLimits(), in: arena)
                for text in texts + texts {
                    var packed = UniqueArray<UInt8>()
                    var plain = UniqueArray<UInt8>()
                    _ = deflater.compress(Array(text.utf8).span, endOfMessage: true, appendingTo: &packed)
                    var position = 0
                    let end = try inflater.inflate(
                        packed.span, from: &position, endOfMessage: true, room: 1 << 20, appendingTo: &plain)
                    #expect(end == .messageComplete)
                    #expect((0..<plain.count).map { plain[$0] } == Array(text.utf8))
                }
            }
        }
    }

    @Test(
        "the first offer that can be met is taken",
        arguments: [
            (
                [
                    "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10"
                ],
                "permessage-deflate; server_max_window_bits=10"
            ),
            (
                [
                    "foo; bar=1, permessage-deflate; unheard_of",
                    "permessage-deflate; server_max_window_bits=9",
                ],
                "permessage-deflate; server_max_window_bits=9"
            ),
            (
                ["permessage-deflate; client_max_window_bits=10, permessage-deflate"],
                "permessage-deflate; client_max_window_bits=10"
            ),
            (
                ["permessage-deflate; server_max_window_bits=\"10\""],
                "permessage-deflate; server_max_window_bits=10"
            ),
        ])
    func several(lines: [String], answer: String) throws {
        #expect(Negotiation.agree(to: try HeaderGrammar.extensions(lines), .init())?.answer == answer)
    }

    @Test(
        "declines",
        arguments: [
            "x-webkit-deflate-frame", "permessage-deflate; unknown", "Permessage-Deflate",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=abc",
            "permessage-deflate; client_max_window_bits=010",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=\"1\"",
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=8",
        ])
    func declines(offer: String) throws {
        #expect(Negotiation.agree(to: try HeaderGrammar.extensions([offer]), .init()) == nil)
    }
}
