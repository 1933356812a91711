import Access
import Testing

@testable import ACME

@Suite("Signed messages")
struct SignedMessageTests {
    static func part(_ message: JSONNode, _ name: String) throws -> JSONNode {
        let text = try #require(message[name]?.string)
        return try JSONNode(parsing: try #require(Base64URL.decode(text)))
    }

    @Test("an account is named by its URL")
    func account() throws {
        let key = try Known.account()
        let message = try SignedMessage.make(
            .object(["a": .number(1)]), to: "https://ca/x", nonce: "n1",
            by: .account(url: "https://ca/1", key))
        #expect(
            try Self.part(message, "protected")
                == .object([
                    "alg": .text("ES256"), "kid": .text("https://ca/1"), "nonce": .text("n1"),
                    "url": .text("https://ca/x"),
                ]))
        #expect(try Self.part(message, "payload") == .object(["a": .number(1)]))
        #expect(Base64URL.decode(message["signature"]?.string ?? "")?.count == 64)
    }

    @Test("a new key shows itself; POST-as-GET has an empty payload")
    func key() throws {
        let key = try Known.account()
        let message = try SignedMessage.make(nil, to: "https://ca/x", nonce: "n", by: .key(key))
        #expect(try Self.part(message, "protected")["jwk"] == key.jwk)
        #expect(try Self.part(message, "protected")["kid"] == nil)
        #expect(message["payload"] == .text(""))
    }

    @Test("a binding is the account's key under the operator's secret")
    func binding() throws {
        let key = try Known.account()
        let message = SignedMessage.binding(
            ExternalAccount(id: "kid-1", key: [1, 2, 3]), to: key, url: "https://ca/new")
        #expect(
            try Self.part(message, "protected")
                == .object(["alg": .text("HS256"), "kid": .text("kid-1"), "url": .text("https://ca/new")]))
        #expect(try Self.part(message, "payload") == key.jwk)
        let signed = "\(message["protected"]?.string ?? "").\(message["payload"]?.string ?? "")"
        #expect(
            message["signature"]?.string == Base64URL.encode(Digest.hmac(Array(signed.utf8), key: [1, 2, 3])))
    }
}
