internal import ACME
internal import ASCII
internal import Access
internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// Reads the files that a configuration names, relative to it, and complains with the place where each is named.
struct ConfiguredFiles {
    private let file: String
    private let folder: String
    private let tickets: TicketRegistry
    private let shelf: CertificateShelf
    /// All that was read, or looked for, as it was before.
    private(set) var files: [String: FileStamp?] = [:]
    /// Whose responders are to be asked.
    private(set) var stapled: [Certificate] = []
    private(set) var complaints: [Diagnostic] = []
    private(set) var warnings: [Diagnostic] = []

    init(file: String, tickets: TicketRegistry, shelf: CertificateShelf) {
        self.file = file
        self.tickets = tickets
        self.shelf = shelf
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    }

    /// A listener's TLS; nil when it is plain or something was wrong.
    mutating func serverContext(
        _ listener: ListenerConfiguration, standIns: [Certificate]?, acme: AcmeConfiguration?
    ) -> ServerTLSContext? {
        guard let tls = listener.tls, !tls.certificates.isEmpty || tls.issued != nil || standIns != nil
        else { return nil }
        let named = tls.certificates
        let issued = issued(tls, acme)
        var certificates = standIns ?? named.compactMap { load($0) }
        if standIns == nil, certificates.count == named.count {
            for (certificate, named) in zip(certificates, named) { warn(certificate, named) }
        }
        let clients = clientVerification(tls.clients)
        guard standIns != nil || certificates.count == named.count,
            (clients == nil) == (tls.clients == nil)
        else { return nil }
        certificates = (certificates + issued).map(shelf.stapled)
        do throws(TLSError) {
            return try ServerTLSContext(
                certificates: certificates, minimumVersion: tls.requiresTLS13 ? .tls13 : .tls12,
                protocols: listener.protocols,
                clients: clients,
                tickets: try tickets.keys(
                    for: listener.address.value.description, rotatedEvery: tls.rotatesTickets),
                challenges: shelf.challenges.tls, tellsSecrets: WireSetup.logsKeys,
                hostName: RequestTarget.hostName)
        } catch {
            let authority = tls.clients?.authority
            complain(
                authority?.place ?? listener.address.place,
                "\(authority.map { "'\($0.value)'" } ?? "tls"): \(error)")
            return nil
        }
    }

    /// What has been issued for a listener's names, or stands in until it is.
    private mutating func issued(_ tls: ListenerTLS, _ acme: AcmeConfiguration?) -> [Certificate] {
        guard let acme else { return [] }
        let storage = CertificateStorage(storage(acme))
        return tls.issuedNames.compactMap { name in
            do throws(TLSError) {
                let certificate = try shelf.certificate(for: name.value, in: storage)
                if !certificate.isSelfSigned { stapled.append(certificate) }
                return certificate
            } catch {
                complain(name.place, "'\(name.value)': \(error)")
                return nil
            }
        }
    }

    /// Where nothing else is said, the service manager's folder is the one that can be written.
    private func storage(_ acme: AcmeConfiguration) -> String {
        if let named = acme.storage { return path(named.value) }
        guard let state = Machine.environment["STATE_DIRECTORY"]?.split(separator: ":").first else {
            return path("acme")
        }
        return "\(state)/acme"
    }

    /// What the thread that gets certificates needs of a configuration.
    mutating func authority(_ acme: AcmeConfiguration) -> AuthorityPlan? {
        var account: ExternalAccount?
        if let external = acme.externalAccount {
            guard let bytes = read(external.keyFile, what: "external account's key") else { return nil }
            account = ExternalAccount(id: external.id, base64: bytes)
            guard account != nil else {
                complain(external.keyFile.place, "'\(external.keyFile.value)' must hold a key in base64")
                return nil
            }
        }
        var authority: [UInt8]?
        if let named = acme.authority {
            guard let bytes = read(named, what: "CA certificates") else { return nil }
            authority = bytes
        }
        return AuthorityPlan(
            directory: acme.directory, email: acme.email, storage: storage(acme),
            key: KeyKind(rawValue: acme.key.rawValue) ?? .p256,
            challenges: acme.challenges.map { challenge in
                switch challenge {
                case .tlsALPN: .tlsALPN
                case .http: .http
                case .dns: .dns
                }
            },
            hook: acme.hook.map { path($0.value) }, renewBefore: acme.renewBefore,
            externalAccount: account, authorityPEM: authority)
    }

    private mutating func clientVerification(_ clients: ListenerTLS.Clients?) -> ClientVerification? {
        guard let clients,
            let pem = read(clients.authority, what: "CA certificates")
        else { return nil }
        guard let file = clients.revocations else {
            return ClientVerification(authorityPEM: pem, isRequired: clients.isRequired)
        }
        guard let lists = read(file, what: "revocation lists") else { return nil }
        let verification = ClientVerification(
            authorityPEM: pem, isRequired: clients.isRequired, revocationPEM: lists)
        do throws(TLSError) {
            if let left = try verification.secondsUntilRevocationsExpire(), left < 0 {
                warnings.append(
                    Diagnostic(
                        file: self.file, place: file.place,
                        text:
                            "'\(file.value)' is out of date: until it is replaced, no client's certificate is accepted",
                        isWarning: true))
            }
        } catch {
            complain(file.place, "'\(file.value)': \(error)")
            return nil
        }
        return verification
    }

    /// An upstream's TLS.
    mutating func clientContext(_ upstream: UpstreamConfiguration) -> ClientTLSContext? {
        guard let tls = upstream.tls else { return nil }
        var authority: [UInt8]?
        if let named = tls.authority {
            guard let bytes = read(named, what: "CA certificates") else { return nil }
            authority = bytes
        }
        do throws(TLSError) {
            return try ClientTLSContext(
                serverName: tls.serverName ?? upstream.firstName, authorityPEM: authority,
                verifies: tls.verifies)
        } catch {
            complain(
                tls.authority?.place ?? Place(line: 1, column: 1),
                "\(tls.authority?.value ?? "tls"): \(error)")
            return nil
        }
    }

    private mutating func load(_ named: ListenerTLS.Certificate) -> Certificate? {
        let chain = read(named.certificate, what: "certificate")
        let key = read(named.key, what: "key")
        guard let chain, let key else { return nil }
        do throws(TLSError) {
            let certificate = try Certificate(certificatePEM: chain, keyPEM: key)
            guard let staple = staple(named, for: certificate) else {
                if named.staple == .beside { stapled.append(certificate) }
                return certificate
            }
            return try Certificate(certificatePEM: chain, keyPEM: key, staple: staple)
        } catch {
            let place = if case .key = error { named.key } else { named.certificate }
            complain(place.place, "'\(named.certificate.value)' with key '\(named.key.value)': \(error)")
            return nil
        }
    }

    /// It is taken all the same: others may be in order, and an expired one is better than none to whoever can go on.
    private mutating func warn(_ certificate: Certificate, _ named: ListenerTLS.Certificate) {
        guard let words = CertificateExpiry.words(certificate.untilExpiry) else { return }
        warnings.append(
            Diagnostic(
                file: file, place: named.certificate.place,
                text: "certificate '\(named.certificate.value)' (\(certificate.name)) \(words)",
                isWarning: true))
    }

    /// The OCSP response that goes with a certificate. One that is of no use is left out with a warning: a client does
    /// without it, but would refuse a wrong one.
    private mutating func staple(_ named: ListenerTLS.Certificate, for certificate: Certificate)
        -> [UInt8]?
    {
        switch named.staple {
        case .off: return nil
        case .file(let name):
            guard let bytes = read(name, what: "OCSP response") else { return nil }
            return checked(bytes, name, certificate)
        case .beside:
            let file = Located(value: named.certificate.value + ".ocsp", place: named.certificate.place)
            look(path(file.value))
            guard let bytes = try? FileContents.read(path(file.value)) else { return nil }
            return checked(bytes, file, certificate)
        }
    }

    private mutating func checked(_ staple: [UInt8], _ file: Located<String>, _ certificate: Certificate)
        -> [UInt8]?
    {
        let problem: String
        switch certificate.check(staple: staple) {
        case .good: return staple
        case .noResponse: problem = "is no successful OCSP response in DER form"
        case .otherCertificate: problem = "is about another certificate"
        case .expired: problem = "has expired"
        }
        warnings.append(
            Diagnostic(
                file: self.file, place: file.place,
                text: "'\(file.value)' \(problem); nothing is stapled", isWarning: true))
        return nil
    }

    /// What orders to the admin listener must come with.
    mutating func token(_ named: Located<String>) -> String? {
        guard let bytes = read(named, what: "token") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard text.count == 1, let token = text.first, token.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            complain(
                named.place, "'\(named.value)' must hold one word of visible ASCII characters, the token")
            return nil
        }
        return String(token)
    }

    /// What keeps revocations. It is written by ourselves, and so not watched.
    mutating func revocations(_ named: Located<String>) -> RevocationFile? {
        if complaints.contains(where: { $0.place == named.place }) { return nil }
        do throws(RevocationFile.Trouble) {
            return try RevocationFile(path(named.value))
        } catch {
            switch error {
            case .unreadable(let cause):
                complain(named.place, "cannot read revocations '\(named.value)': \(cause.reason)")
            case .garbled:
                complain(
                    named.place,
                    "'\(named.value)' holds no revocations as GET /revocations shows them: mend it, or take it away"
                )
            case .tooMany:
                complain(
                    named.place,
                    "'\(named.value)' holds more revocations than are kept: \(RevocationList.most), and \(RevocationList.mostBytes) bytes of names"
                )
            }
            return nil
        }
    }

    private mutating func look(_ path: String) {
        if files[path] == nil { files[path] = FileStamp(path) }
    }

    /// Where a file is.
    func path(_ name: String) -> String { name.hasPrefix("/") ? name : folder + name }

    private mutating func read(_ name: Located<String>, what: String) -> [UInt8]? {
        look(path(name.value))
        do throws(SystemError) {
            return try FileContents.read(path(name.value))
        } catch {
            complain(name.place, "cannot read \(what) '\(name.value)': \(error.reason)")
            return nil
        }
    }

    /// Makes something of files that may have changed. Where that fails and there is something older, that stays.
    mutating func attempt<Made>(
        _ refused: inout [Diagnostic], _ old: Made?, _ make: (inout ConfiguredFiles) -> Made?
    ) -> Made? {
        let before = complaints.count
        let made = make(&self)
        guard let old, complaints.count > before else { return made }
        refused += complaints[before...]
        complaints.removeSubrange(before...)
        return old
    }

    mutating func warn(_ place: Place, _ text: String) {
        warnings.append(Diagnostic(file: file, place: place, text: text, isWarning: true))
    }

    mutating func complain(_ place: Place, _ text: String) {
        complaints.append(Diagnostic(file: file, place: place, text: text))
    }
}
