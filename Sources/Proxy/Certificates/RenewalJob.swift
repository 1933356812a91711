internal import ACME
internal import Durations
internal import EventLoop
internal import TLS

/// One certificate that is got and kept: when it is due, and what came of asking. Times are seconds since 1970.
struct RenewalJob {
    let name: String
    /// The file's state, as it was read last.
    var state: FileStamp?
    private(set) var certificate: Certificate?
    /// Issued, and not in the storage yet.
    var unsaved: [UInt8]?
    /// Another authority has issued the certificate: it is served until this one has issued its own.
    private(set) var isForeign = false
    private(set) var backOff = BackOff()
    private(set) var due: Double
    /// When renewal information is asked for.
    var nextInformation: Double
    private(set) var window: RenewalWindow?
    /// The last failure, where nothing better has come since.
    private(set) var failure: FailureRecord?
    /// An operator has asked for it, and nothing has come of that yet: advice doesn't put it off.
    private(set) var isOrdered = false
    /// When this process got the certificate; nil where another did.
    private var obtained: Double?

    private static let validation = ACMEError.validation(name: "", challenge: "", reason: "").word

    init(_ name: String, now: Double) {
        self.name = name
        due = now
        nextInformation = now
    }

    /// The same for a certificate's whole life, in every process.
    private func chance(_ certificate: Certificate) -> Double {
        Double(certificate.serial.suffix(2).reduce(0) { $0 << 8 | Int($1) }) / 65_536
    }

    /// It is served from now on.
    ///
    /// - Parameters:
    ///   - obtained: when it was issued to this process; nil where it was found.
    ///   - isForeign: it is another authority's than the one that is asked.
    mutating func adopt(
        _ certificate: Certificate, renewBefore: Duration, obtained: Double? = nil, isForeign: Bool = false
    ) {
        self.certificate = certificate
        self.obtained = obtained
        self.isForeign = isForeign
        isOrdered = false
        window = nil
        nextInformation = 0
        backOff = BackOff()
        failure = nil
        plan(renewBefore)
    }

    mutating func advise(_ window: RenewalWindow?, next: Double, renewBefore: Duration) {
        self.window = window
        nextInformation = next
        // After a failure the back-off has its say first.
        if backOff.failures == 0, !isOrdered { plan(renewBefore) }
    }

    private mutating func plan(_ renewBefore: Duration) {
        // What another authority has issued is to be replaced at once: so it stays as it is.
        guard let certificate, !isForeign else { return }
        due = RenewalPlan(
            notBefore: certificate.notBefore, notAfter: certificate.notAfter, renewBefore: renewBefore,
            window: window, obtained: obtained
        ).due(chance: chance(certificate))
    }

    /// Nothing has come of it. Returns what is to be remembered.
    mutating func failed(_ error: ACMEError, now: Double, chance: Double) -> FailureRecord {
        let wait = backOff.failed(error, chance: chance)
        let record = FailureRecord(
            failures: backOff.failures, at: now, due: now + wait.inSeconds, word: error.word,
            words: error.description)
        isOrdered = false
        failure = record
        due = record.due
        return record
    }

    /// Another process has failed, this one's predecessor perhaps. Returns whether that puts it off.
    mutating func heed(_ record: FailureRecord, now: Double) -> Bool {
        guard !isOrdered, record.counts(at: now), record.at > failure?.at ?? 0 else { return false }
        backOff = BackOff(failures: record.failures)
        failure = record
        due = max(due, record.due)
        return due > now
    }

    /// What was planned by a clock that was ahead is planned anew.
    mutating func clockWasSetBack(now: Double, renewBefore: Duration) {
        nextInformation = now
        backOff = BackOff()
        due = now
        plan(renewBefore)
    }

    /// Another process is at it.
    mutating func postpone(to time: Double) { due = time }

    /// An operator wants it.
    mutating func hurry(now: Double) {
        due = now
        isOrdered = true
    }

    /// Of the kinds that the configuration has, another comes first after each failure that was seen by the authority:
    /// where one can't work, the next may.
    func rotated(_ all: [ChallengeKind]) -> [ChallengeKind] {
        guard !all.isEmpty, failure?.word == Self.validation else { return all }
        let first = backOff.failures % all.count
        return Array(all[first...] + all[..<first])
    }

    var standing: CertificateStanding {
        var standing = CertificateStanding(name: name)
        standing.expires = certificate?.notAfter
        standing.due = due
        standing.failures = backOff.failures
        standing.lastError = failure?.words
        standing.lastErrorWord = failure?.word
        standing.lastErrorAt = failure?.at
        standing.window = window.map { ($0.start, $0.end) }
        return standing
    }
}
