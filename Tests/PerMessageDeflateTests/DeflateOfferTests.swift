import HTTPProtocol
import PerMessageDeflate
import Testing

@Suite("Offers of permessage-deflate")
struct DeflateOfferTests {
    @Test("what is offered follows the policy")
    func offers() {
        #expect(
            HeaderGrammar.encode(DeflateOffer(DeflateOptions()).offers)
                == "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, "
                + "permessage-deflate; client_max_window_bits=12")
        #expect(
            HeaderGrammar.encode(
                DeflateOffer(DeflateOptions(windowBits: 15, contextTakeover: false)).offers)
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"
        )
    }

    @Test("no answer is no agreement", arguments: [nil, "", " , "])
    func nothing(answer: String?) throws {
        #expect(try DeflateOffer(DeflateOptions()).agreement(answer) == nil)
    }

    @Test(
        "legal answers are kept",
        arguments: [
            ("permessage-deflate", 15, false, 12, false),
            ("permessage-deflate; server_max_window_bits=12", 12, false, 12, false),
            (
                "permessage-deflate; client_max_window_bits=\"9\"; server_max_window_bits=15", 15, false, 9,
                false
            ),
            ("permessage-deflate; client_max_window_bits=8", 15, false, 8, false),
            ("permessage-deflate; server_no_context_takeover", 15, true, 12, false),
            (
                "permessage-deflate;client_no_context_takeover;server_no_context_takeover", 15, true, 12, true
            ),
        ])
    func legal(answer: String, serverBits: Int, serverFresh: Bool, clientBits: Int, clientFresh: Bool) throws
    {
        let agreement = try #require(try DeflateOffer(DeflateOptions()).agreement(answer))
        #expect(
            agreement.fromServer == DeflateDirection(windowBits: serverBits, startsAfresh: serverFresh))
        #expect(
            agreement.fromClient == DeflateDirection(windowBits: clientBits, startsAfresh: clientFresh))
        #expect(agreement.answer == answer)
    }

    @Test(
        "illegal answers are refused, and the reason names the parameter",
        arguments: [
            ("permessage-deflate; client_max_window_bits=13", "'client_max_window_bits'"),
            ("permessage-deflate; client_max_window_bits", "'client_max_window_bits'"),
            ("permessage-deflate; server_max_window_bits=16", "'server_max_window_bits'"),
            ("permessage-deflate; server_max_window_bits=09", "'server_max_window_bits'"),
            ("permessage-deflate; server_no_context_takeover=1", "'server_no_context_takeover'"),
            (
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                "'client_no_context_takeover'"
            ),
            ("permessage-deflate; unheard_of", "'unheard_of'"),
            ("permessage-deflate, permessage-deflate", "not offered"),
            ("permessage-bzip2", "not offered"),
            ("permessage-deflate;", "malformed"),
        ])
    func illegal(answer: String, reason: String) {
        do throws(DeflateAnswerError) {
            _ = try DeflateOffer(DeflateOptions()).agreement(answer)
            Issue.record("accepted \(answer)")
        } catch {
            #expect(error.reason.contains(reason))
        }
    }

    @Test("a window of 256 bytes, which zlib doesn't know, compresses nothing")
    func smallestWindow() {
        let smallest = DeflateDirection(windowBits: 8, startsAfresh: false)
        let deflater = Deflater(smallest, DeflateOptions(), in: ContextArena())
        let isAble = deflater.isAble
        #expect(!isAble)
    }
}
