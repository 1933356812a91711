internal import ACME

// The account's key is changed in steps that each may be the last of a process: the new key is stored, the authority is told,
// the new key takes the old one's place. As long as there is a new key beside the old one, only the authority knows which
// of them is the account's.
extension CertificateKeeper {
    /// Seconds until it is looked after again.
    private static let pause: Double = 60

    func changeKey(done: @escaping (CertificateOrderOutcome) -> Void) {
        guard let directory = plan.authority?.directory, let storage else { return done(.unknown([])) }
        do throws(ACMEError) {
            let key = try PrivateKey(generating: .p256)
            order(
                .changeKey(to: key), "", "key change",
                prepare: { () throws(ACMEError) in try storage.saveNext(key, for: directory) },
                done: { [unowned self] outcome, storage in
                    guard case .done = outcome else {
                        // An answer that got lost may have been a good one.
                        if storage.nextKey(directory) != nil { settleDue = now }
                        return done(outcome)
                    }
                    done(adopt(key, directory, storage))
                })
        } catch {
            done(.failed("\(error)\n"))
        }
    }

    private func adopt(_ key: PrivateKey, _ directory: String, _ storage: CertificateStorage)
        -> CertificateOrderOutcome
    {
        do throws(ACMEError) {
            try storage.adoptNext(key, for: directory)
            settleDue = nil
            log.tell(.keyChanged(directory))
            return .done("the account has a new key\n")
        } catch {
            log.tell(.storageFailed(error))
            settleDue = now + Self.pause
            return .failed("the account has a new key, which can't be stored: \(error)\n")
        }
    }

    /// Asks the authority whether it has taken the new key.
    func settleKey(_ authority: AuthorityPlan, _ storage: CertificateStorage) {
        let directory = authority.directory
        do throws(ACMEError) {
            guard let lock = try storage.lock() else { return settleDue = now + 3 }
            guard let key = storage.nextKey(directory) else { return settleDue = nil }
            turn.call(
                .findAccount, AuthorityLink(directory: directory, key: key), of: "", "key change",
                holding: lock
            ) { [unowned self] step in
                switch step {
                case .done: _ = adopt(key, directory, storage)
                case .failed(.problem(let problem)) where problem.name == "accountDoesNotExist":
                    storage.dropNext(directory)
                    settleDue = storage.nextKey(directory) == nil ? nil : now + Self.pause
                case .failed(let error): unsettled(directory, error.description)
                case .notOffered, .send: unsettled(directory, "unfinished")
                }
            }
        } catch {
            unsettled(directory, error.description)
        }
    }

    private func unsettled(_ directory: String, _ cause: String) {
        settleDue = now + Self.pause
        log.tell(.keyUnsettled(directory, cause))
    }
}
