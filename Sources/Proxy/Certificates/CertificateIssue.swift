internal import ACME
internal import Durations
internal import EventLoop
internal import TLS

// From a name that is due to a certificate that is served.
extension CertificateKeeper {
    func begin(_ index: Int, _ authority: AuthorityPlan, _ storage: CertificateStorage) {
        let name = jobs[index].name
        do throws(ACMEError) {
            try storage.prepare()
            guard let lock = try storage.lock() else { return jobs[index].postpone(to: now + 3) }
            // A process that has ended may have left it so.
            guard storage.nextKey(authority.directory) == nil else { return settleDue = now }
            // Another process may have had it meanwhile.
            if readStored(index, storage) {
                changed()
                if jobs[index].due > now { return }
            }
            if let record = storage.failure(name, authority), jobs[index].heed(record, now: now) { return }
            storage.sweep(authority.directory)
            let link = try storage.link(authority.directory)
            let key = try PrivateKey(generating: authority.key)
            let request = try CertificateRequest(names: [name], key: key)
            let options = IssueOptions(
                names: [name], challenges: jobs[index].rotated(authority.challenges), request: request.der,
                email: authority.email, externalAccount: authority.externalAccount,
                replaces: jobs[index].isForeign ? nil : jobs[index].certificate.flatMap(Self.informationName))
            log.tell(.asking(name, authority.directory))
            turn.issue(
                name, IssueMachine(options, over: link), by: authority, in: storage, book: shelf.challenges,
                holding: lock
            ) { [unowned self] result, link in ended(name, result, key, link, authority, storage) }
        } catch {
            failed(name, error, authority)
        }
    }

    private func ended(
        _ name: String, _ result: Result<[UInt8], ACMEError>, _ key: PrivateKey, _ link: AuthorityLink,
        _ authority: AuthorityPlan, _ storage: CertificateStorage
    ) {
        // Without it another account would be made: no reason to drop what was issued.
        do throws(ACMEError) { try storage.save(link, for: authority.directory) } catch {
            log.tell(.storageFailed(error))
        }
        // What another authority than the configured one has said is of no use any more.
        guard authority.directory == plan.authority?.directory,
            let index = jobs.firstIndex(where: { $0.name == name })
        else { return show() }
        do throws(ACMEError) {
            let chain = try result.get()
            let certificate = try judge(chain, key, name, index)
            let pem = key.pem + chain
            do throws(ACMEError) { try storage.save(pem, as: name, from: authority.directory) } catch {
                jobs[index].unsaved = pem
                log.tell(.storageFailed(error))
            }
            jobs[index].adopt(certificate, renewBefore: renewBefore, obtained: now)
            storage.forgetFailure(name)
            jobs[index].state = storage.state(name)
            board.count("issued")
            log.tell(.issued(name, expires: certificate.notAfter, issuer: certificate.issuer))
            staples.putOnShelf(certificate, for: name)
        } catch {
            failed(name, error, authority)
        }
        show()
    }

    /// Whether what was issued is what was asked for, and better than what there is.
    private func judge(_ chain: [UInt8], _ key: PrivateKey, _ name: String, _ index: Int) throws(ACMEError)
        -> Certificate
    {
        let certificate: Certificate
        do throws(TLSError) {
            certificate = try Certificate(certificatePEM: chain, keyPEM: key.pem)
        } catch {
            throw .certificate(error.description)
        }
        guard certificate.matches(CertificateShelf.probe(name)) else {
            throw .certificate("it is for '\(Problem.clean(certificate.name, most: 100))'")
        }
        let replaced = jobs[index].isForeign ? nil : jobs[index].certificate
        guard certificate.notAfter > now else {
            throw .certificate("it expires no later than now\(clockHint)")
        }
        // As late as the other is late enough: whoever orders twice within a second has a reason.
        guard certificate.notAfter >= replaced?.notAfter ?? 0 else {
            throw .certificate("it expires before the one that it would replace\(clockHint)")
        }
        return certificate
    }

    /// Where both clocks are known to differ.
    private var clockHint: String {
        let minutes = Int(turn.clockDifference / 60)
        guard abs(minutes) >= 5 else { return "" }
        return
            "; this machine's clock is \(abs(minutes)) min \(minutes > 0 ? "behind" : "ahead of") the authority's"
    }

    private func failed(_ name: String, _ error: ACMEError, _ authority: AuthorityPlan) {
        guard let index = jobs.firstIndex(where: { $0.name == name }) else { return }
        let record = jobs[index].failed(
            error, now: now, chance: Double.random(in: 0...1, using: &loop.random))
        // What nobody counts is tried again soon, by whichever process.
        if error.countsAtAuthority || error.retryAfter != nil {
            storage?.remember(record, of: name, authority)
        }
        board.count(error.word)
        let left = jobs[index].certificate.map { Duration.seconds($0.notAfter - now) }
        log.tell(
            .failed(
                name, error.description + (error.countsAtAuthority ? "" : clockHint),
                retryIn: .seconds(record.due - record.at),
                failures: record.failures,
                RenewalAlarm.level(failures: record.failures, left: left, renewBefore: renewBefore)))
    }

    // MARK: Advice

    /// Its name in renewal information.
    private static func informationName(_ certificate: Certificate) -> String? {
        let key = certificate.authorityKey
        return key.isEmpty ? nil : RenewalWindow.name(authorityKey: key, serial: certificate.serial)
    }

    func askInformation(_ index: Int, _ authority: AuthorityPlan, _ storage: CertificateStorage) {
        let job = jobs[index]
        guard let name = job.certificate.flatMap(Self.informationName),
            let link = try? storage.link(authority.directory)
        else { return jobs[index].nextInformation = now + 3600 }
        turn.call(.renewalInformation(name), link, of: job.name, "renewal information") {
            [unowned self] step in
            guard let index = jobs.firstIndex(where: { $0.name == job.name }) else { return }
            let now = self.now
            guard case .done(let response) = step else {
                let isOffered = if case .notOffered = step { false } else { true }
                return jobs[index].advise(
                    job.window, next: now + (isOffered ? 3600 : 86_400), renewBefore: renewBefore)
            }
            do throws(ACMEError) {
                let window = try RenewalWindow(parsing: response.body)
                jobs[index].advise(
                    window, next: now + RenewalWindow.pause(response.retryAfter).inSeconds,
                    renewBefore: renewBefore)
                if window != job.window { log.tell(.advised(job.name, window, due: jobs[index].due)) }
            } catch {
                log.tell(.informationUseless(job.name, error))
                jobs[index].advise(job.window, next: now + 3600, renewBefore: renewBefore)
            }
        }
    }
}
