import Chance
import HTTPProtocol
import Testing

@testable import Proxy

@Suite("How a client says that it comes back")
struct ResumeRequestTests {
    private static let id = SessionID(worker: 2, number: 77)

    private func head(_ target: String, _ fields: String = "") throws -> RequestHead {
        let bytes = Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        var parser = RequestHeadParser(limits: HeadLimits(bytes: 16384, fields: 100))
        return try #require(try parser.feed(bytes.span)).0
    }

    private func token() -> ResumeToken {
        var chance = SplitMix(seed: 5)
        return ResumeToken(Self.id, of: 7, ResumeKey(using: &chance), using: &chance)
    }

    @Test("the subprotocol is taken out of the offer, and the others stay in their order")
    func offer() throws {
        var head = try head(
            "/chat?a=1", "Sec-WebSocket-Protocol: v2, resume.trunkline.v1\r\nSec-WebSocket-Protocol: v1\r\n")
        #expect(ResumeRequest.take(from: &head) == ResumeRequest(isOffered: true, claim: nil))
        #expect(OfferedSubprotocols(head.fields).names.map(\.description) == ["v2", "v1"])
        #expect(head.target.text == "/chat?a=1")
        head = try self.head("/", "Sec-WebSocket-Protocol: resume.trunkline.v1\r\n")
        #expect(ResumeRequest.take(from: &head) != nil && head.fields.first("sec-websocket-protocol") == nil)
        head = try self.head("/?received=2", "Sec-WebSocket-Protocol: v1\r\n")
        #expect(ResumeRequest.take(from: &head) == nil && head.target.query == "received=2")
    }

    @Test("token and count are taken out of the query, or of a field, and nothing else is")
    func claim() throws {
        let text = token().text
        var head = try head(
            "/?a=1&trunkline-resume=\(text)&received=12&b", "Sec-WebSocket-Protocol: resume.trunkline.v1\r\n")
        let found = try #require(ResumeRequest.take(from: &head))
        #expect(found.claim == ResumeRequest.Claim(token: token(), received: 12, isOnly: false))
        #expect(head.target.text == "/?a=1&b")
        head = try self.head("/", "Trunkline-Resume: \(text); received=3; only\r\n")
        let other = try #require(ResumeRequest.take(from: &head))
        #expect(!other.isOffered && head.fields.first("trunkline-resume") == nil)
        #expect(other.claim == ResumeRequest.Claim(token: token(), received: 3, isOnly: true))
    }

    @Test("a count is digits alone; none is 0, and anything else is no count")
    func counts() {
        let cases: [(String, UInt64?)] = [
            ("", 0), ("0", 0), ("12", 12), ("007", 7), ("18446744073709551615", .max),
            ("18446744073709551616", nil),
            ("-1", nil), ("+1", nil), (" 1", nil), ("1e3", nil), ("0x1", nil), ("1.0", nil), ("\u{663}", nil),
            ("NaN", nil), (String(repeating: "1", count: 400), nil),
        ]
        for (text, count) in cases { #expect(ResumeRequest.Claim.count(text) == count, "\(text)") }
    }

    @Test(
        "what is no token or no number is none",
        arguments: [
            "", "x", "2-4d.", "2-4d.00", "-1-4d.\(String(repeating: "0", count: 112))",
            "2-4d.\(String(repeating: "G", count: 112))",
        ])
    func nonsense(text: String) throws {
        #expect(ResumeToken(text) == nil)
        var head = try head("/?trunkline-resume=\(text)&received=-1&resume-only")
        let found = try #require(ResumeRequest.take(from: &head))
        #expect(found.claim == ResumeRequest.Claim(token: nil, received: nil, isOnly: true))
    }
}
