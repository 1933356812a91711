import BasicContainers
import HTTPProtocol
import PerMessageDeflate

enum Extensions {
    /// What is agreed on was offered, and its answer follows the grammar.
    static func checkNegotiation(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let offers = try? HeaderGrammar.extensions([text]) else { return nil }
        guard let agreement = Negotiation.agree(to: offers, DeflateOptions()) else { return nil }
        guard let answer = try? HeaderGrammar.extensions([agreement.answer]), answer.count == 1 else {
            return "the answer '\(agreement.answer)' is malformed"
        }
        guard (8...15).contains(agreement.fromServer.windowBits),
            (8...15).contains(agreement.fromClient.windowBits)
        else {
            return "a window outside 8 to 15"
        }
        let offersClientBits = offers.contains {
            $0.parameters.contains { $0.name == "client_max_window_bits" }
        }
        let answersClientBits = answer[0].parameters.contains { $0.name == "client_max_window_bits" }
        return answersClientBits && !offersClientBits ? "client_max_window_bits was not offered" : nil
    }

    /// Inflation stays within its limits, and what is deflated inflates to the same.
    static func checkInflation(_ bytes: [UInt8]) -> String? {
        guard let offers = try? HeaderGrammar.extensions(["permessage-deflate"]),
            let agreement = Negotiation.agree(to: offers, DeflateOptions())
        else { return "no agreement" }
        let limit = 1 << 16
        let arena = ContextArena()
        var hostile = Inflater(agreement.fromClient, limits: InflateLimits(message: limit), in: arena)
        if let produced = inflate(&hostile, bytes), produced.count > limit { return "over the limit" }
        var deflater = Deflater(agreement.fromServer, DeflateOptions(), in: arena)
        var inflater = Inflater(agreement.fromClient, limits: InflateLimits(message: 1 << 24), in: arena)
        for turn in 0..<2 {
            var packed = UniqueArray<UInt8>()
            guard deflater.compress(bytes.span, endOfMessage: true, appendingTo: &packed) else {
                return "no memory"
            }
            let again = inflate(&inflater, (0..<packed.count).map { packed[$0] })
            if again != bytes { return "message \(turn) came back changed" }
            if turn == 0 { deflater.releaseContext() }
        }
        return nil
    }

    private static func inflate(_ inflater: inout Inflater, _ bytes: [UInt8]) -> [UInt8]? {
        var output = UniqueArray<UInt8>()
        var position = 0
        var state = OnInflate.outputFull
        while state == .outputFull {
            do throws(InflateError) {
                state = try inflater.inflate(
                    bytes.span, from: &position, endOfMessage: true, room: 4096, appendingTo: &output)
            } catch {
                return nil
            }
        }
        return (0..<output.count).map { output[$0] }
    }
}
