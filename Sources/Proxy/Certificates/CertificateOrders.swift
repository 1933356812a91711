internal import ACME
internal import EventLoop
internal import TLS

// What operators order.
extension CertificateKeeper {
    /// Names that are known; nil = all.
    func renew(_ name: String?) -> CertificateOrderOutcome {
        let chosen = jobs.indices.filter { name == nil || jobs[$0].name == name }
        guard !chosen.isEmpty else { return .unknown(jobs.map(\.name)) }
        for index in chosen { jobs[index].hurry(now: now) }
        work()
        return .done("asking for \(chosen.map { jobs[$0].name }.joined(separator: ", "))\n")
    }

    func revoke(_ name: String, reason: Int, done: @escaping (CertificateOrderOutcome) -> Void) {
        guard let index = jobs.firstIndex(where: { $0.name == name }) else {
            return done(.unknown(jobs.map(\.name)))
        }
        guard let certificate = jobs[index].certificate else {
            return done(.failed("there is no certificate yet\n"))
        }
        order(.revoke(certificate: certificate.der, reason: reason), name, "revocation") {
            [unowned self] outcome, storage in
            guard case .done = outcome, let index = jobs.firstIndex(where: { $0.name == name }) else {
                return done(outcome)
            }
            storage.forget(name)
            log.tell(.revoked(name))
            // Until the next one is there it is served on: most clients don't ask whether it was revoked.
            jobs[index].hurry(now: now)
            done(.done("revoked; another one is asked for\n"))
        }
    }

    /// - Parameter prepare: what is to be done before the authority hears of it, with the storage locked.
    func order(
        _ order: AuthorityOrder, _ name: String, _ words: String,
        prepare: () throws(ACMEError) -> Void = {},
        done: @escaping (CertificateOrderOutcome, CertificateStorage) -> Void
    ) {
        guard let authority = plan.authority, let storage else { return }
        guard !turn.isTaken else {
            return done(.failed("something else is being asked: try again\n"), storage)
        }
        do throws(ACMEError) {
            guard let lock = try storage.lock() else {
                return done(.failed("another process is asking for something: try again\n"), storage)
            }
            guard storage.nextKey(authority.directory) == nil else {
                settleDue = settleDue ?? now
                return done(
                    .failed("an earlier change of the account's key is not settled yet: try again\n"), storage
                )
            }
            let link = try storage.link(authority.directory)
            try prepare()
            turn.call(order, link, of: name, words, holding: lock) { [unowned self] step in
                switch step {
                case .done: done(.done(""), storage)
                case .notOffered:
                    done(.failed("the authority does not offer that, or there is no account\n"), storage)
                case .failed(let error): done(.failed("\(error)\n"), storage)
                case .send: done(.failed("unfinished\n"), storage)
                }
                show()
            }
        } catch {
            done(.failed("\(error)\n"), storage)
        }
    }
}

/// What has become of an order.
enum CertificateOrderOutcome: Sendable {
    case done(String)
    /// These are the names there are.
    case unknown([String])
    case failed(String)
}
