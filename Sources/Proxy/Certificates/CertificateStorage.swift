internal import ACME
internal import EventLoop
internal import TLS

/// What stands in `acme.storage`, which several processes share:
///
/// - `certificates/NAME.pem`: a key and the chain for it, in one file, so that they are replaced together;
/// - `accounts/HASH/account.pem`, `account.json`: an account at one authority;
/// - `challenges/`: the proofs that stand now, for every process to show;
/// - `ocsp/FINGERPRINT.der`: what responders have said;
/// - `lock`: held by the process that asks an authority for something.
struct CertificateStorage: Sendable {
    private let root: PrivateFolder
    let challenges: PrivateFolder
    let certificates: PrivateFolder
    private let staples: PrivateFolder

    init(_ path: String) {
        root = PrivateFolder(path)
        challenges = root.folder("challenges")
        certificates = root.folder("certificates")
        staples = root.folder("ocsp")
    }

    /// Makes what is missing. Throws words for an operator.
    func prepare() throws(ACMEError) {
        do throws(SystemError) {
            if root.trouble == .missing { try root.make() }
        } catch {
            throw .own("the storage folder '\(root.path)' can't be made: \(error.reason)")
        }
        if let trouble = root.trouble { throw .own("the storage folder '\(root.path)' \(trouble)") }
        do throws(SystemError) {
            for folder in [challenges, certificates, staples, root.folder("accounts")] { try folder.make() }
            try root.write([UInt8](repeating: 0, count: 65_536), to: "probe")
            root.remove("probe")
        } catch {
            throw .own("the storage folder '\(root.path)' can't be written: \(error.reason)")
        }
    }

    /// nil while another process has it.
    func lock() throws(ACMEError) -> PrivateFolder.Lock? {
        do throws(SystemError) { return try root.lock("lock") } catch {
            throw .own("the storage folder '\(root.path)' can't be locked: \(error.reason)")
        }
    }

    // MARK: Certificates

    /// A wildcard's star is written as `_`, which no host name is.
    static func fileName(_ name: String) -> String {
        (name.hasPrefix("*.") ? "_" + name.dropFirst() : name) + ".pem"
    }

    /// nil where there is none, or none that can be used.
    func certificate(_ name: String) -> Certificate? {
        guard let bytes = certificates.read(Self.fileName(name)) else { return nil }
        return try? Certificate(certificatePEM: bytes, keyPEM: bytes)
    }

    /// What tells one certificate's file from the next.
    func state(_ name: String) -> FileStamp? { FileStamp("\(certificates.path)/\(Self.fileName(name))") }

    func save(_ pem: [UInt8], as name: String) throws(ACMEError) {
        try write(pem, to: Self.fileName(name), in: certificates)
    }

    func forget(_ name: String) { certificates.remove(Self.fileName(name)) }

    private func write(_ bytes: [UInt8], to name: String, in folder: PrivateFolder) throws(ACMEError) {
        do throws(SystemError) { try folder.write(bytes, to: name) } catch {
            throw .own("'\(folder.path)/\(name)' can't be written: \(error.reason)")
        }
    }

    // MARK: Accounts

    /// The account at an authority.
    private func account(_ directory: String) -> PrivateFolder {
        let digest = Digest.sha256(Array(directory.utf8)).prefix(8)
        return root.folder("accounts").folder(
            digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    }

    /// The account's key, made where there is none, and its URL where it has one.
    func link(_ directory: String) throws(ACMEError) -> AuthorityLink {
        let folder = account(directory)
        if let pem = folder.read("account.pem"), let key = try? PrivateKey(pem: pem) {
            let facts = folder.read("account.json").flatMap { try? JSONNode(parsing: $0) }
            return AuthorityLink(directory: directory, key: key, account: facts?["url"]?.string)
        }
        let key = try PrivateKey(generating: .p256)
        do throws(SystemError) { try folder.make() } catch {
            throw .own("'\(folder.path)' can't be made: \(error.reason)")
        }
        // Whatever URL stands there belongs to a key that is gone.
        folder.remove("account.json")
        try write(key.pem, to: "account.pem", in: folder)
        return AuthorityLink(directory: directory, key: key)
    }

    func save(_ link: AuthorityLink, for directory: String) throws(ACMEError) {
        guard let url = link.account else { return }
        let facts = JSONNode.object(["directory": .text(directory), "url": .text(url)])
        try write(facts.encoded, to: "account.json", in: account(directory))
    }

    /// A key that is to take an account over is written before the authority hears of it: without it, the account is lost.
    func saveNext(_ key: PrivateKey, for directory: String) throws(ACMEError) {
        try write(key.pem, to: "account.next.pem", in: account(directory))
    }

    /// A key of which it isn't known whether the authority has taken it: the process ended, or no answer came.
    func nextKey(_ directory: String) -> PrivateKey? {
        account(directory).read("account.next.pem").flatMap { try? PrivateKey(pem: $0) }
    }

    /// The authority has not taken it.
    func dropNext(_ directory: String) { account(directory).remove("account.next.pem") }

    func adoptNext(_ key: PrivateKey, for directory: String) throws(ACMEError) {
        try write(key.pem, to: "account.pem", in: account(directory))
        account(directory).remove("account.next.pem")
    }

    // MARK: OCSP

    func staple(_ fingerprint: String) -> [UInt8]? { staples.read(fingerprint + ".der") }

    func saveStaple(_ bytes: [UInt8], _ fingerprint: String) throws(ACMEError) {
        try write(bytes, to: fingerprint + ".der", in: staples)
    }

    /// Forgets those of certificates that are gone.
    func keepStaples(of fingerprints: Set<String>) {
        for name in staples.names where !fingerprints.contains(String(name.prefix { $0 != "." })) {
            staples.remove(name)
        }
    }

    // MARK: Proofs

    /// For every process to show.
    func present(_ bytes: [UInt8], _ name: String) throws(ACMEError) {
        try write(bytes, to: name, in: challenges)
    }

    func withdraw(_ name: String) { challenges.remove(name) }
}
