internal import ACME
internal import ASCII
internal import EventLoop
internal import TLS

/// What stands in `acme.storage`, which several processes share:
///
/// - `certificates/NAME.pem`: a key and the chain for it, in one file, so that they are replaced together;
/// - `accounts/HASH/account.pem`, `account.json`: an account at one authority;
/// - `challenges/`: the proofs that stand now, for every process to show;
/// - `failures/NAME.json`: what came of asking last, where that was nothing;
/// - `ocsp/FINGERPRINT.der`: what responders have said;
/// - `lock`: held by the process that asks an authority for something.
struct CertificateStorage: Sendable {
    private let root: PrivateFolder
    let challenges: PrivateFolder
    let certificates: PrivateFolder
    private let staples: PrivateFolder
    private let failures: PrivateFolder

    init(_ path: String) {
        root = PrivateFolder(path)
        challenges = root.folder("challenges")
        certificates = root.folder("certificates")
        staples = root.folder("ocsp")
        failures = root.folder("failures")
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
            for folder in [challenges, certificates, staples, failures, root.folder("accounts")] {
                try folder.make()
            }
            try root.write([UInt8](repeating: 0, count: 65_536), to: "probe")
            root.remove("probe")
        } catch {
            throw .own("the storage folder '\(root.path)' can't be written: \(error.reason)")
        }
    }

    /// Takes away what processes have left behind that were killed: for whoever holds the lock.
    func sweep(_ directory: String) {
        for folder in [root, challenges, certificates, staples, failures, account(directory)] {
            folder.sweep()
        }
        // The process that put them there no longer holds the lock.
        for left in challenges.names { withdraw(left) }
    }

    /// nil while another process has it.
    func lock() throws(ACMEError) -> PrivateFolder.Lock? {
        do throws(SystemError) { return try root.lock("lock") } catch {
            throw .own("the storage folder '\(root.path)' can't be locked: \(error.reason)")
        }
    }

    // MARK: Certificates

    /// A wildcard's star is written as `_`, which no host name is.
    private static func stem(_ name: String) -> String {
        name.hasPrefix("*.") ? "_" + name.dropFirst() : name
    }

    static func fileName(_ name: String) -> String { stem(name) + ".pem" }

    /// nil where there is none, or none that can be used.
    func certificate(_ name: String) -> Certificate? {
        guard let bytes = certificates.read(Self.fileName(name)) else { return nil }
        return try? Certificate(certificatePEM: bytes, keyPEM: bytes)
    }

    /// What tells one certificate's file from the next.
    func state(_ name: String) -> FileStamp? { FileStamp("\(certificates.path)/\(Self.fileName(name))") }

    /// Readers of PEM pass over what stands before it.
    private static let issuer = "authority: "

    /// - Parameter directory: whose certificate it is.
    func save(_ pem: [UInt8], as name: String, from directory: String) throws(ACMEError) {
        let head = Array("\(Self.issuer)\(directory)\n".utf8)
        try write(head + pem, to: Self.fileName(name), in: certificates)
    }

    /// Whose certificate it is; nil where that is not said.
    func authority(_ name: String) -> String? {
        guard let bytes = certificates.read(Self.fileName(name)) else { return nil }
        let line = String(decoding: bytes.prefix { $0 != .lineFeed }.prefix(4096), as: UTF8.self)
        return line.hasPrefix(Self.issuer) ? String(line.dropFirst(Self.issuer.count)) : nil
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
        root.folder("accounts").folder(Digest.name(directory))
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

    // MARK: Failures

    /// What is remembered of asking in this way.
    func failure(_ name: String, _ plan: AuthorityPlan) -> FailureRecord? {
        failures.read("\(Self.stem(name)).json").flatMap { FailureRecord(parsing: $0, plan: plan.digest) }
    }

    /// Where it can't be kept, as on a full disk, the next process knows nothing of it.
    func remember(_ record: FailureRecord, of name: String, _ plan: AuthorityPlan) {
        try? failures.write(record.encoded(plan: plan.digest), to: "\(Self.stem(name)).json")
    }

    func forgetFailure(_ name: String) { failures.remove("\(Self.stem(name)).json") }

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
