package import Access
internal import HTTPProtocol
internal import YAML

/// `access.jwt`: what tokens must be, and what becomes of sessions whose token expires.
package struct TokenConfiguration: Equatable, Sendable {
    /// Where keys come from.
    package enum Keys: Equatable, Sendable {
        /// A JWK Set or PEM blocks.
        case file(Located<String>)
        case upstream(KeyUpstream)
    }

    /// Keys that an upstream gives.
    package struct KeyUpstream: Equatable, Sendable {
        /// One of `upstreams`.
        package var name = ""
        /// What is asked for.
        package var path = "/.well-known/jwks.json"
        /// How often.
        package var refresh = Duration.seconds(600)
        /// How much longer old keys count while none can be fetched.
        package var staleFor = Duration.seconds(86_400)
    }

    /// A field for the backend and the claim that it gets.
    package struct Passed: Equatable, Sendable {
        /// Its name.
        package var field: String
        /// The claim's name, or a path with dots.
        package var claim: String
    }

    /// What becomes of a session whose token expires.
    package enum OnExpiry: Equatable, Sendable {
        case close
        /// The client is told before.
        case warn
        case ignore
    }

    /// `keys`; nil only while they are read.
    package var keys: Keys?
    /// All that the tokens themselves must be.
    package var rules = TokenRules(algorithms: [])
    /// `pass`.
    package var pass: [Passed] = []
    /// `anonymous`: requests without a token come in as nobody.
    package fileprivate(set) var allowsAnonymous = false
    /// `on_expiry`.
    package fileprivate(set) var onExpiry = OnExpiry.close
    /// `expiry_code`.
    package fileprivate(set) var expiryCode: UInt16 = 4401
    /// `expiry_warning`: before the end; 0 = never.
    package fileprivate(set) var expiryWarning = Duration.zero
    /// `expiry_text`: what the client is told then.
    package fileprivate(set) var expiryText = "token-expires"
    /// `renew`.
    private var renewal: Renewal?
    /// `renew.prefix`: how a message begins that brings a new token. nil = none is taken.
    package var renewalPrefix: String? { renewal?.prefix }

    private struct Renewal: Equatable {
        var prefix = ""
    }

    static let table = Table(
        "Tokens (RFC 7519), signed by one of the keys; 401 without a good one, 403 where it lacks a claim.",
        start: Self(), rules: checks
    ) {
        source
        Key.list(
            "algorithms", \.rules.algorithms, .algorithm,
            "Algorithms that tokens may be signed with. HS256, HS384 and HS512 need keys from a file.",
            example: "ES256",
            empty: { "'algorithms' of \($0) is empty: no token could be good" }
        )
        Key.optional(
            "issuer", \.rules.issuer, .text.filled, "What `iss` must be.", example: "https://id.example.com",
            unset: "any issuer"
        )
        audience
        Key.value(
            "leeway", \.rules.leeway, .duration, "How far the issuer's clock may be off, either way.")
        required
        passed
        Key.value(
            "anonymous", \.allowsAnonymous, .flag,
            "`true` lets in requests without a token. A bad token is refused all the same.")
        expiry
    }

    @KeyList<Self>
    private static var expiry: [Key<Self>] {
        Key.value(
            "on_expiry", \.onExpiry, .choice(("close", .close), ("warn", .warn), ("ignore", .ignore)),
            "What becomes of sessions whose token expires: closed within a second, the same after a warning, or nothing."
        )
        Key.value("expiry_code", \.expiryCode, .closeCode, "The code that they are closed with.")
        Key.value(
            "expiry_warning", \.expiryWarning, .duration,
            "How long before the end the client gets a text message; 0 = never.")
        Key.value("expiry_text", \.expiryText, .text, "That message.")
        Key.optionalSection(
            "renew", \.renewal, renewing, title: "'renew'", unset: "tokens come with handshakes only")
    }

    private static let renewing = Table(
        "Lets a client bring a new token in a text message, which is not passed on. From then on the new token's end counts.",
        start: Renewal()
    ) {
        Key.value(
            "prefix", \.prefix, .text, "The beginning of such messages; the token follows.", isRequired: true,
            example: "token:")
    }

    private static let checks: [Rule<Self>] = [
        Rule(schema: ["required": ["keys", "algorithms"]]) { tokens, section in
            for key in ["keys", "algorithms"] where !section.hasKey(key) {
                section.complain(section.place, "missing required key '\(key)' in \(section.title)")
            }
            if case .upstream? = tokens.keys, tokens.rules.algorithms.contains(where: \.isSymmetric) {
                section.complain(
                    section.node("algorithms")?.place ?? section.place,
                    "secrets are no keys to be fetched: HS256, HS384 and HS512 need 'keys' from a file")
            }
            if tokens.onExpiry == .warn, tokens.expiryWarning == .zero { tokens.expiryWarning = .seconds(60) }
        }
    ]

    // MARK: Keys of a shape of their own

    private static let upstreamTable = Table(
        "Keys that an upstream gives: fetched now and then, and once where a token names one that isn't known.",
        start: KeyUpstream()
    ) {
        Key.value(
            "upstream", \.name, .text, "One of `upstreams`.", isRequired: true, example: "idp")
        Key.value("path", \.path, .requestPath, "What is asked for.")
        Key.value("refresh", \.refresh, .someDuration, "How often.")
        Key.value(
            "stale_for", \.staleFor, .duration,
            "How much longer old keys count while none can be fetched.")
    }

    private static let source = Key<Self>(
        entry: Entry(
            name: "keys",
            about:
                "A file with a JWK Set or PEM, read again when it changes. Or an `upstream` whose `path` is fetched every `refresh`; its keys count `stale_for` longer.",
            kind: .either(Scalar<Located<String>>.file.form, upstreamTable.outline), isRequired: true,
            example: "keys.jwks"),
        read: { tokens, section in
            guard let node = section.node("keys") else { return true }
            if node.mapping != nil {
                let part = section.section("keys")
                if let source = upstreamTable.read(part, over: upstreamTable.start) {
                    tokens.keys = .upstream(source)
                }
            } else if let file = Scalar<Located<String>>.file.read(node, "keys", in: section) {
                tokens.keys = .file(file)
            }
            return true
        },
        show: { tokens in
            switch tokens.keys {
            case .file(let file): Scalar<Located<String>>.file.shown(file)
            case .upstream(let source): upstreamTable.show(source)
            case nil: nil
            }
        })

    private static let audience = Key<Self>(
        entry: Entry(
            name: "audience", about: "What `aud` must be or name: a text, or a list of which one will do.",
            kind: .scalar(Form(words: "text, or list", schema: wordOrWords, isText: true)), example: "chat",
            unset: "any audience"),
        read: { tokens, section in
            guard let node = section.node("audience") else { return true }
            tokens.rules.audiences = words(node, "audience", in: section)
            return true
        },
        show: { tokens in tokens.rules.audiences.isEmpty ? nil : shown(tokens.rules.audiences) })

    private static let required = Key<Self>(
        entry: Entry(
            name: "require",
            about:
                "Claims and the value that each must have, or several values of which one will do. A list or a scope must contain it.",
            kind: .words(Form(words: "text, or list", schema: wordOrWords, isText: true)),
            example: "{ scope: chat }"),
        read: { tokens, section in
            let part = section.section("require")
            tokens.rules.required = part.entries.map { name, _, node in
                TokenRules.Requirement(name, words(node, name, in: part))
            }
            return true
        },
        show: { tokens in
            let pairs = tokens.rules.required.map { Shown.Pair(name: $0.name, value: shown($0.values)) }
            return pairs.isEmpty ? nil : .map(pairs)
        })

    private static let passed = Key<Self>(
        entry: Entry(
            name: "pass",
            about: "Fields that the backend gets, and the claim for each. Clients can't send these fields.",
            kind: .words(Scalar<String>.text.form), example: "{ X-User: sub }"),
        read: { tokens, section in
            let part = section.section("pass")
            for (name, place, node) in part.entries {
                guard let claim = Scalar<String>.text.filled.read(node, name, in: part) else { continue }
                FieldRules.check(name, place, in: part)
                tokens.pass.append(Passed(field: name, claim: claim))
            }
            return true
        },
        show: { tokens in
            let pairs = tokens.pass.map {
                Shown.Pair(name: $0.field, value: .scalar(.init(text: $0.claim, isText: true)))
            }
            return pairs.isEmpty ? nil : .map(pairs)
        })

    private static let wordOrWords: JSON = [
        "anyOf": [
            ["type": ["string", "number", "boolean"] as JSON],
            ["type": "array", "items": ["type": ["string", "number", "boolean"] as JSON]],
        ]
    ]

    /// One word or several.
    private static func words(_ node: Node, _ key: String, in section: Section) -> [String] {
        let nodes = node.sequence ?? [node]
        if nodes.isEmpty { section.complain(node.place, "'\(key)' in \(section.title) is empty") }
        return nodes.compactMap { Scalar<String>.text.filled.read($0, key, in: section) }
    }

    private static func shown(_ words: [String]) -> Shown {
        .list(words.map { .scalar(.init(text: $0, isText: true)) })
    }
}

extension Scalar where Value == SignatureAlgorithm {
    fileprivate static var algorithm: Self {
        let names = SignatureAlgorithm.allCases.map(\.rawValue)
        return Scalar(
            form: Form(words: "algorithms", schema: ["enum": .array(names.map { .text($0) })], isText: true),
            expected: names.joined(separator: ", "),
            parse: { text, _ in SignatureAlgorithm(rawValue: text) }, print: { $0.rawValue },
            habit: { text in
                names.first { $0.lowercased() == text.lowercased() }.map { ", did you mean '\($0)'?" }
            }
        ).complaining { text in
            text.lowercased() == "none" ? "'\(text)' is no algorithm: it would let in whoever asks" : nil
        }
    }
}

extension Scalar where Value == String {
    /// A path of ours, with a query where need be.
    static var requestPath: Self {
        text("path", pattern: "^/") { path in
            (try? RequestTarget(text: path))?.text == path
                ? nil : "'\(path)' is no path as requests have it, such as /verify"
        }
    }
}
