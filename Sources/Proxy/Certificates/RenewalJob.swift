internal import ACME
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
    private(set) var backOff = BackOff()
    private(set) var due: Double
    /// When renewal information is asked for.
    var nextInformation: Double
    private(set) var window: RenewalWindow?
    private(set) var lastError: ACMEError?
    private(set) var lastErrorAt: Double?
    /// An operator has asked for it, and nothing has come of that yet: advice doesn't put it off.
    private var isOrdered = false

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
    mutating func adopt(_ certificate: Certificate, renewBefore: Double) {
        self.certificate = certificate
        isOrdered = false
        window = nil
        nextInformation = 0
        backOff.succeeded()
        lastError = nil
        plan(renewBefore)
    }

    mutating func advise(_ window: RenewalWindow?, next: Double, renewBefore: Double) {
        self.window = window
        nextInformation = next
        // After a failure the back-off has its say first.
        if backOff.failures == 0, !isOrdered { plan(renewBefore) }
    }

    private mutating func plan(_ renewBefore: Double) {
        guard let certificate else { return }
        due = RenewalPlan(
            notBefore: certificate.notBefore, notAfter: certificate.notAfter, renewBefore: renewBefore,
            window: window
        ).due(chance: chance(certificate))
    }

    /// Returns the seconds until the next try.
    mutating func failed(_ error: ACMEError, now: Double, chance: Double) -> Int {
        let wait = backOff.failed(error, chance: chance)
        isOrdered = false
        lastError = error
        lastErrorAt = now
        due = now + Double(wait)
        return wait
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
        guard !all.isEmpty, case .validation = lastError else { return all }
        let first = backOff.failures % all.count
        return Array(all[first...] + all[..<first])
    }

    var standing: CertificateStanding {
        var standing = CertificateStanding(name: name)
        standing.expires = certificate?.notAfter
        standing.due = due
        standing.failures = backOff.failures
        standing.lastError = lastError?.description
        standing.lastErrorWord = lastError?.word
        standing.lastErrorAt = lastErrorAt
        standing.window = window.map { ($0.start, $0.end) }
        return standing
    }
}
