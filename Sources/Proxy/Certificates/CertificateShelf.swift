internal import Synchronization
internal import TLS

/// Certificates that the process gets by itself, and what goes with them. It outlives reloads: what was issued is served
/// by whatever configuration asks for it.
final class CertificateShelf: Sendable {
    let challenges = ChallengeBook()
    private let issued = Mutex<[String: Certificate]>([:])
    private let standIns = Mutex<[String: Certificate]>([:])
    private let staples = Mutex<[String: [UInt8]]>([:])

    /// What is served under a name: the certificate that was issued, or one that we sign ourselves until there is one.
    func certificate(for name: String, in storage: CertificateStorage) throws(TLSError) -> Certificate {
        if let known = issued.withLock({ $0[name] }) { return known }
        if let stored = storage.certificate(name), stored.matches(Self.probe(name)) {
            put(stored, for: name)
            return stored
        }
        if let standIn = standIns.withLock({ $0[name] }) { return standIn }
        let made = try Certificate.selfSigned(names: "DNS:\(name)")
        standIns.withLock { $0[name] = made }
        return made
    }

    /// What was issued for a name; nil as long as nothing was.
    func issued(_ name: String) -> Certificate? { issued.withLock { $0[name] } }

    func put(_ certificate: Certificate, for name: String) { issued.withLock { $0[name] = certificate } }

    /// A host that a name covers.
    static func probe(_ name: String) -> String { name.hasPrefix("*.") ? "probe" + name.dropFirst() : name }

    // MARK: OCSP

    func put(staple: [UInt8], for fingerprint: String) { staples.withLock { $0[fingerprint] = staple } }

    /// Forgets what is of no use any more.
    func drop(stapleFor fingerprint: String) { staples.withLock { $0[fingerprint] = nil } }

    func staple(_ fingerprint: String) -> [UInt8]? { staples.withLock { $0[fingerprint] } }

    /// The certificate with what its responder has said, where that is of use.
    func stapled(_ certificate: Certificate) -> Certificate {
        guard certificate.staple.isEmpty, let staple = staple(certificate.fingerprint),
            certificate.check(staple: staple) == .good
        else { return certificate }
        return Certificate(certificate, staple: staple)
    }
}
