internal import ASCII
internal import YAML

/// `acme`: certificates that the proxy gets by itself (RFC 8555).
package struct AcmeConfiguration: Equatable, Sendable {
    /// How an authority is shown that a name is ours.
    package enum Challenge: Equatable, Sendable {
        /// Within a TLS handshake (RFC 8737).
        case tlsALPN
        /// Over plain HTTP.
        case http
        /// By a program that sets and removes records.
        case dns(hook: Located<String>)
    }

    /// `external_account`: an account that the authority's operator gave out.
    package struct ExternalAccount: Equatable, Sendable {
        /// Its name.
        package var id = ""
        /// A file with its secret, in base64.
        package var keyFile = Located(value: "", place: Place(line: 1, column: 1))

        static let table = Table("An account that the authority's operator gave out.", start: Self()) {
            Key.value("id", \.id, .text.filled, "Its name.", isRequired: true, example: "kid")
            Key.value(
                "key_file", \.keyFile, .file, "A file with its secret, in base64.", isRequired: true,
                example: "eab.key")
        }
    }

    /// The kind of the certificates' keys.
    package enum KeyKind: String, Equatable, Sendable { case p256, p384, rsa2048, rsa4096 }

    /// Where the authority's directory is.
    package var directory = "https://acme-v02.api.letsencrypt.org/directory"
    /// An address that the authority may write to. nil = nowhere.
    package fileprivate(set) var email: String?
    /// A folder for keys, accounts and certificates, which several processes may share. nil = `acme`, in the folder that the
    /// service manager gives for such things, else beside the configuration.
    package fileprivate(set) var storage: Located<String>?
    /// Of certificates.
    package var key = KeyKind.p256
    /// In the order in which they are tried.
    package var challenges: [Challenge] = [.tlsALPN, .http]
    /// How long before a certificate's end; a third of its life where that is less.
    package fileprivate(set) var renewBefore = Duration.seconds(30 * 86_400)
    /// nil = the account needs none.
    package fileprivate(set) var externalAccount: ExternalAccount?
    /// A PEM file with the certificates that the authority's own is checked with. nil = whom the system trusts.
    package var authority: Located<String>?

    /// Nothing but defaults.
    package init() {}

    /// The program for dns-01.
    package var hook: Located<String>? {
        for case .dns(let hook) in challenges { return hook }
        return nil
    }

    static let table = Table(
        "The authority that issues the certificates of `tls.acme` (RFC 8555).", start: Self()
    ) {
        Key.value("directory", \.directory, .directory, "Where the authority's directory is.")
        Key.optional(
            "email", \.email, .mailbox, "An address that the authority may write to.",
            example: "ops@example.com")
        Key.optional(
            "storage", \.storage, .named("folder"),
            "A folder of mode 0700 for the account, keys and certificates; several processes may share it.",
            example: "acme", unset: "`acme`, in systemd's `STATE_DIRECTORY`, else beside this file")
        Key.value(
            "key", \.key,
            .choice(("p256", .p256), ("p384", .p384), ("rsa2048", .rsa2048), ("rsa4096", .rsa4096)),
            "The kind of the certificates' keys.")
        challengesKey
        Key.value(
            "renew_before", \.renewBefore, .someDuration,
            "How long before its end a certificate is renewed, or a third of its life if that is less. An authority may suggest another time (RFC 9773)."
        )
        Key.optionalSection(
            "external_account", \.externalAccount, ExternalAccount.table, unset: "none is needed")
        Key.optional(
            "ca", \.authority, .file,
            "A PEM file with the certificates that the authority's own is checked with.", example: "root.pem",
            unset: "whom the system trusts")
    }
}

// MARK: Challenges

extension AcmeConfiguration {
    private static let knownChallenges = "tls-alpn-01, http-01 or dns-01: { exec: PROGRAM }"

    private static let challengesKey = Key<Self>(
        entry: Entry(
            name: "challenges",
            about:
                "How names are proved to be ours, tried in this order. Wildcards need dns-01: its program is called with `present` or `cleanup`, the record's name and its value.",
            kind: .list(
                Form(
                    words: "`tls-alpn-01`, `http-01`, `dns-01: { exec: PROGRAM }`",
                    schema: [
                        "anyOf": [
                            ["enum": ["tls-alpn-01", "http-01"]],
                            [
                                "type": "object", "required": ["dns-01"], "additionalProperties": false,
                                "properties": [
                                    "dns-01": [
                                        "type": "object", "required": ["exec"], "additionalProperties": false,
                                        "properties": ["exec": ["type": "string", "minLength": 1]],
                                    ]
                                ],
                            ],
                        ]
                    ]), least: 1)),
        read: { acme, section in
            guard section.hasKey("challenges") else { return true }
            if section.lacks("challenges") {
                section.complain(section.place, "'challenges' is empty, expected \(knownChallenges)")
            }
            acme.challenges = section.list("challenges").compactMap { challenge($0, section) }
            return true
        },
        show: { acme in .list(acme.challenges.map(\.shown)) })

    private static func challenge(_ node: Node, _ section: Section) -> Challenge? {
        guard node.mapping == nil else { return dns(node, section) }
        guard let text = section.text(node, "challenges") else { return nil }
        switch text.value {
        case "tls-alpn-01": return .tlsALPN
        case "http-01": return .http
        case "dns-01":
            section.complain(
                text.place, "dns-01 needs a program that sets records: dns-01: { exec: ./dns-hook }")
        default:
            section.complain(text.place, "unknown challenge '\(text.value)', expected \(knownChallenges)")
        }
        return nil
    }

    private static func dns(_ node: Node, _ section: Section) -> Challenge? {
        let entry = Section(node, title: "'challenges'", place: node.place, section.complaints)
        let hook = records.read(entry, over: records.start)
        return hook.flatMap { $0.value.isEmpty ? nil : .dns(hook: $0) }
    }

    private static let nowhere = Located(value: "", place: Place(line: 1, column: 1))

    private static let records = Table("Records.", start: nowhere) {
        Key.section("dns-01", \.self, program, title: "'dns-01'")
    }

    private static let program = Table("A program that sets and removes records.", start: nowhere) {
        Key.value("exec", \.self, .file, "The program.", isRequired: true, example: "./dns-hook")
    }
}

extension AcmeConfiguration.Challenge {
    fileprivate var shown: Shown {
        switch self {
        case .tlsALPN: return .scalar(.init(text: "tls-alpn-01"))
        case .http: return .scalar(.init(text: "http-01"))
        case .dns(let hook):
            let program = Shown.scalar(.init(text: hook.value, isText: true))
            return .map([.init(name: "dns-01", value: .map([.init(name: "exec", value: program)]))])
        }
    }
}

// MARK: Spelling

extension Scalar where Value == String {
    fileprivate static var directory: Self {
        Scalar(
            form: Form(
                words: "URL", schema: ["type": "string", "pattern": "^https?://[A-Za-z0-9\\[]"], isText: true),
            expected: "the https URL of a directory",
            parse: { text, _ in
                let rest = ["https://", "http://"].first { text.hasPrefix($0) }
                    .map { text.dropFirst($0.utf8.count) }
                let first = rest?.utf8.first ?? 0
                let isHost = first.isDigit || first.isLetter || first == .openBracket
                return isHost ? text : nil
            }, print: { $0 })
    }

    fileprivate static var mailbox: Self {
        Scalar(
            form: Form(
                words: "address", schema: ["type": "string", "pattern": "^[^@ ]+@[^@ ]+$"], isText: true),
            expected: "an address such as ops@example.com",
            parse: { text, _ in
                let parts = text.split(separator: "@", omittingEmptySubsequences: false)
                return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains(" ") } ? text : nil
            }, print: { $0 })
    }
}
