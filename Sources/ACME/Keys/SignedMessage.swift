internal import Access

/// JSON Web Signatures in the one form that ACME has (RFC 7515, 7.2.2; RFC 8555, 6.2).
enum SignedMessage {
    /// Who signs: an account that the authority knows, or a key that it has yet to see.
    enum Signer {
        case account(url: String, PrivateKey)
        case key(PrivateKey)

        var key: PrivateKey {
            switch self {
            case .account(_, let key), .key(let key): key
            }
        }

        var member: JSONNode.Member {
            switch self {
            case .account(let url, _): .init(name: "kid", value: .text(url))
            case .key(let key): .init(name: "jwk", value: key.jwk)
            }
        }
    }

    /// - Parameters:
    ///   - payload: nil = empty, as for POST-as-GET.
    ///   - nonce: nil for a message within another.
    static func make(
        _ payload: JSONNode?, to url: String, nonce: String?, by signer: Signer
    ) throws(ACMEError) -> JSONNode {
        var members: [JSONNode.Member] = [.init(name: "alg", value: .text(signer.key.algorithm))]
        members.append(signer.member)
        if let nonce { members.append(.init(name: "nonce", value: .text(nonce))) }
        members.append(.init(name: "url", value: .text(url)))
        let head = Base64URL.encode(JSONNode.object(members).encoded)
        let body = payload.map { Base64URL.encode($0.encoded) } ?? ""
        let signature = try signer.key.sign(Array("\(head).\(body)".utf8))
        return wrapped(head, body, signature)
    }

    /// Binds an account to one that the authority's operator knows (RFC 8555, 7.3.4).
    static func binding(_ account: ExternalAccount, to key: PrivateKey, url: String) -> JSONNode {
        let head = Base64URL.encode(
            JSONNode.object([
                "alg": .text("HS256"), "kid": .text(account.id), "url": .text(url),
            ]).encoded)
        let body = Base64URL.encode(key.jwk.encoded)
        return wrapped(head, body, Digest.hmac(Array("\(head).\(body)".utf8), key: account.key))
    }

    private static func wrapped(_ head: String, _ body: String, _ signature: [UInt8]) -> JSONNode {
        .object([
            "protected": .text(head), "payload": .text(body),
            "signature": .text(Base64URL.encode(signature)),
        ])
    }
}
