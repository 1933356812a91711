internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// Asks the responders that certificates name, and keeps what they say (RFC 6960; RFC 6066, 8). Times are seconds since
/// 1970.
final class StapleKeeper {
    private struct Entry {
        let certificate: Certificate
        let query: OCSPQuery
        let fingerprint: String
        var due: Double
        var failures = 0
    }

    /// A day, in seconds.
    private static let mostWait: Double = 86_400

    private unowned let keeper: CertificateKeeper
    private var entries: [Entry] = []
    private var isAsking = false
    /// Certificates that clients refuse without a staple, issued and not on the shelf before they have one.
    private var waiting: [(name: String, certificate: Certificate, since: Double)] = []

    init(_ keeper: CertificateKeeper) { self.keeper = keeper }

    /// What is to be stapled now.
    func adopt(_ certificates: [Certificate]) {
        let all = certificates + waiting.map(\.certificate)
        entries = all.compactMap { certificate in
            let fingerprint = certificate.fingerprint
            if let known = entries.first(where: { $0.fingerprint == fingerprint }) { return known }
            guard let query = OCSPQuery(certificate) else { return nil }
            return Entry(
                certificate: certificate, query: query, fingerprint: fingerprint,
                due: restored(query, fingerprint))
        }
        if !entries.isEmpty { keeper.storage?.keepStaples(of: Set(entries.map(\.fingerprint))) }
    }

    /// When it is asked next, given what was kept.
    private func restored(_ query: OCSPQuery, _ fingerprint: String) -> Double {
        guard let kept = keeper.storage?.staple(fingerprint),
            case .good(let from, let until) = query.judge(kept)
        else { return keeper.now }
        keeper.shelf.put(staple: kept, for: fingerprint)
        keeper.changed()
        return Self.renewal(from, until, now: keeper.now)
    }

    /// Half of its time is over then: there is time for many more tries.
    static func renewal(_ from: Double, _ until: Double?, now: Double) -> Double {
        guard let until else { return now + mostWait / 2 }
        return min(max(from + (until - from) / 2, now + 60), now + 7 * mostWait)
    }

    /// A new certificate is served from now on; where clients want a staple with it and there is another to be served, from
    /// when there is one.
    func putOnShelf(_ certificate: Certificate, for name: String) {
        waiting.removeAll { $0.name == name }
        guard certificate.mustStaple, OCSPQuery(certificate) != nil,
            keeper.shelf.issued(name).map({ $0.notAfter > keeper.now }) ?? false
        else {
            keeper.shelf.put(certificate, for: name)
            return keeper.changed()
        }
        waiting.append((name, certificate, keeper.now))
        adopt(entries.map(\.certificate))
        work()
    }

    func clockWasSetBack(now: Double) {
        for index in entries.indices { entries[index].due = min(entries[index].due, now + 60) }
        for index in waiting.indices { waiting[index].since = min(waiting[index].since, now) }
    }

    func work() {
        guard !isAsking else { return }
        let now = keeper.now
        // Half an hour without a responder: clients that insist are lost either way.
        release { now - $0.since > 1800 }
        guard
            let index = entries.indices.filter({ entries[$0].due <= now }).min(by: {
                entries[$0].due < entries[$1].due
            })
        else { return }
        isAsking = true
        let entry = entries[index]
        guard let url = AuthorityURL(entry.query.url) else {
            isAsking = false
            return failed(entry, "'\(entry.query.url.prefix(200))' is no URL")
        }
        let fields = [HeaderFields.Field("Content-Type", "application/ocsp-request")]
        keeper.client.ask(HTTPQuestion(method: "POST", url: url, fields: fields, body: entry.query.request)) {
            [weak self] in
            self?.isAsking = false
            switch $0 {
            case .success(let answer) where answer.head.status == 200: self?.took(answer.body, entry)
            case .success(let answer): self?.failed(entry, "it answers \(answer.head.status)")
            case .failure(let error): self?.failed(entry, error.reason)
            }
        }
    }

    private func took(_ answer: [UInt8], _ entry: Entry) {
        switch entry.query.judge(answer) {
        case .good(let from, let until):
            keeper.board.countStaple("good")
            keeper.shelf.put(staple: answer, for: entry.fingerprint)
            // What can't be kept is asked for again.
            try? keeper.storage?.prepare()
            try? keeper.storage?.saveStaple(answer, entry.fingerprint)
            again(entry, at: Self.renewal(from, until, now: keeper.now), failures: 0)
            let fingerprint = entry.fingerprint
            release { $0.certificate.fingerprint == fingerprint }
            keeper.changed()
        case .revoked:
            keeper.board.countStaple("revoked")
            keeper.log.tell(.isRevoked(entry.certificate.name))
            again(entry, at: keeper.now + 3600, failures: 0)
        case .unknown: failed(entry, "it does not know the certificate")
        case .useless(let reason): failed(entry, reason)
        }
    }

    private func failed(_ entry: Entry, _ reason: String) {
        keeper.board.countStaple("failed")
        let failures = entry.failures + 1
        let wait = min(30 * Double(1 << min(failures, 10)), 3600)
        if failures == 1 || failures % 12 == 0 {
            keeper.log.tell(
                .responderFailed(
                    entry.certificate.name, entry.query.url, reason, mustStaple: entry.certificate.mustStaple)
            )
        }
        again(entry, at: keeper.now + wait, failures: failures)
    }

    private func again(_ entry: Entry, at time: Double, failures: Int) {
        guard let index = entries.firstIndex(where: { $0.fingerprint == entry.fingerprint }) else { return }
        entries[index].due = time
        entries[index].failures = failures
    }

    private func release(_ isDue: ((name: String, certificate: Certificate, since: Double)) -> Bool) {
        let due = waiting.filter(isDue)
        guard !due.isEmpty else { return }
        waiting.removeAll(where: isDue)
        for entry in due { keeper.shelf.put(entry.certificate, for: entry.name) }
        keeper.changed()
    }
}
