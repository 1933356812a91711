/// `tls` of a listener.
package struct ListenerTLS: Equatable, Sendable {
    /// One certificate with its key, as file names.
    package struct Certificate: Equatable, Sendable {
        /// A PEM file: the certificate, then those that sign it.
        package var certificate: Located<String>
        /// A PEM file with the private key.
        package var key: Located<String>
        /// `ocsp`: what is stapled to the handshake (RFC 6066, 8).
        package var staple = Staple.beside

        static let table = Table(
            "Chosen by SNI; the first is the default.", start: Self(certificate: .nowhere, key: .nowhere)
        ) {
            Key.value(
                "certificate", \.certificate, .file, "A PEM file: the certificate, then those that sign it.",
                isRequired: true, example: "cert.pem"
            )
            Key.value(
                "key", \.key, .file, "A PEM file with the private key.", isRequired: true, example: "key.pem"
            )
            Key.value(
                "ocsp", \.staple, .staple,
                "What is stapled: `auto` is the certificate's file name with `.ocsp` behind it, if there is such a file."
            )
        }
    }

    /// Where a certificate's OCSP response is.
    package enum Staple: Equatable, Sendable {
        /// In a file of the certificate's name with `.ocsp` behind it, where there is one.
        case beside
        case file(Located<String>)
        case off
    }

    /// `client_certificates`.
    package struct Clients: Equatable, Sendable {
        /// A PEM file with the authorities that sign clients' certificates.
        package var authority: Located<String>
        /// `crl`: a PEM file with the authorities' revocation lists. nil = none are looked at.
        package var revocations: Located<String>?
        /// `mode`: `require` ends the handshake without one, `request` goes on.
        package var isRequired = true

        static let table = Table(
            "Certificates of clients; backends get them as Client-Cert (RFC 9440).",
            start: Self(authority: .nowhere)
        ) {
            Key.value(
                "ca", \.authority, .file, "A PEM file with the authorities that sign clients' certificates.",
                isRequired: true, example: "clients.pem"
            )
            Key.optional(
                "crl", \.revocations, .file,
                "A PEM file with revocation lists, one for each authority of a chain; read with the configuration.",
                example: "revoked.pem", unset: "none are looked at"
            )
            Key.value(
                "mode", \.isRequired, .choice(("require", true), ("request", false)),
                "Whether a handshake without one fails, or goes on.")
        }
    }

    /// The first is the default; none where `acme` gets some.
    package fileprivate(set) var certificates: [Certificate]
    /// `acme`: names for which certificates are got. nil = none.
    package var issued: Issued?
    /// `minimum_version`: nothing below TLS 1.3, else nothing below 1.2.
    package fileprivate(set) var requiresTLS13 = false
    /// `tickets.rotate`: how long one key seals session tickets (RFC 5077, 5.5). 0 = as long as the
    /// process runs.
    package fileprivate(set) var rotatesTickets = Duration.seconds(43200)
    /// nil = clients are asked for no certificate.
    package var clients: Clients?

    /// With these certificates, all else by default.
    package init(certificates: [Certificate]) { self.certificates = certificates }

    private static let rules: [Rule<Self>] = [
        Rule(schema: [
            "anyOf": [
                ["required": ["certificates"], "properties": ["certificates": ["minItems": 1]]],
                ["required": ["acme"]],
            ]
        ]) { _, section in
            guard section.lacks("certificates"), !section.hasKey("acme") else { return }
            section.complain(
                section.place,
                "\(section.title) needs 'certificates', one or more, or 'acme' with names to get them for")
        }
    ]

    private static let tickets = Table("Session tickets.", start: Self(certificates: [])) {
        Key.value(
            "rotate", \.rotatesTickets, .duration,
            "How long one key seals tickets (RFC 5077, 5.5); 0 = as long as the process runs.")
    }

    static let table = Table("TLS to clients.", start: Self(certificates: []), rules: rules) {
        Key.sections(
            "certificates", \.certificates, Certificate.table,
            title: { _, _ in "'certificates' of a listener" }, lacking: nil,
            start: { _ in Certificate.table.start }
        ).usual
        AcmeNames.key
        Key.value(
            "minimum_version", \.requiresTLS13, .version, "The oldest version that is spoken."
        )
        Key.section("tickets", \.self, tickets)
        Key.optionalSection(
            "client_certificates", \.clients, Clients.table, title: "'client_certificates' of a listener",
            unset: "clients are asked for none")
    }
}

extension Located<String> {
    /// Until it is read.
    fileprivate static var nowhere: Self { Located(value: "", place: Place(line: 1, column: 1)) }
}

extension Scalar where Value == Bool {
    /// Whether TLS 1.3 is required. YAML takes an unquoted one for a number.
    fileprivate static var version: Self {
        var scalar = choice(("1.2", false), ("1.3", true)).expecting("\"1.2\" or \"1.3\"")
        scalar.form = Form(
            words: scalar.form.words, schema: ["anyOf": [["enum": ["1.2", "1.3"]], ["type": "number"]]],
            isText: true)
        return scalar
    }
}

extension Scalar where Value == ListenerTLS.Staple {
    fileprivate static var staple: Self {
        Scalar(
            form: Form(
                words: "`auto`, `off` or a file", schema: ["type": ["string", "number", "boolean"] as JSON],
                isText: true),
            expected: "auto, off or a file",
            parse: { text, place in
                switch text {
                case "auto": .beside
                case _ where Quantity.flag(text) == false: .off
                default: .file(Located(value: text, place: place))
                }
            },
            print: { staple in
                switch staple {
                case .beside: "auto"
                case .off: "off"
                case .file(let name): name.value
                }
            })
    }
}
