import Configuration
import Testing

@testable import ACME
@testable import Proxy
@testable import TLS

@Suite("Renewals")
struct RenewalJobTests {
    private let day = 86_400.0

    @Test("due at once, then when the certificate says so, then when the authority does")
    func due() throws {
        var job = RenewalJob("a.example", now: 1000)
        #expect(job.due == 1000 && job.standing.expires == nil)
        let certificate = try Certificate.selfSigned(names: "DNS:a.example", days: 90)
        job.adopt(certificate, renewBefore: 30 * day)
        let latest = certificate.notAfter - 30 * day
        #expect((latest - 3600...latest).contains(job.due))
        #expect(job.standing.expires == certificate.notAfter)
        let start = certificate.notBefore + 10 * day
        job.advise(RenewalWindow(start: start, end: start + day), next: 5, renewBefore: 30 * day)
        #expect((start...start + day).contains(job.due) && job.nextInformation == 5)
        job.hurry(now: 7)
        // What was asked before is answered after the order.
        job.advise(nil, next: 6, renewBefore: 30 * day)
        #expect(job.due == 7)
    }

    @Test("a failure puts it off, and advice doesn't hurry it")
    func failures() throws {
        var job = RenewalJob("a.example", now: 1000)
        let wait = job.failed(
            .validation(name: "a.example", challenge: "http-01", reason: "x"), now: 1000, chance: 0.5)
        #expect(wait == 60 && job.due == 1060 && job.standing.failures == 1)
        #expect(job.standing.lastErrorWord == "validation" && job.standing.lastErrorAt == 1000)
        job.advise(RenewalWindow(start: 1, end: 2), next: 0, renewBefore: 0)
        #expect(job.due == 1060)
        job.adopt(try Certificate.selfSigned(), renewBefore: 0)
        #expect(job.standing.failures == 0 && job.standing.lastError == nil)
    }

    @Test("after a proof that failed, another kind comes first")
    func rotation() {
        var job = RenewalJob("a.example", now: 0)
        let kinds: [ChallengeKind] = [.tlsALPN, .http]
        #expect(job.rotated(kinds) == kinds)
        let error = ACMEError.validation(name: "a.example", challenge: "tls-alpn-01", reason: "x")
        _ = job.failed(error, now: 0, chance: 0)
        #expect(job.rotated(kinds) == [.http, .tlsALPN])
        _ = job.failed(error, now: 0, chance: 0)
        #expect(job.rotated(kinds) == kinds)
        _ = job.failed(.unreachable("x"), now: 0, chance: 0)
        #expect(job.rotated(kinds) == kinds)
        #expect(job.rotated([]) == [])
    }

    @Test("the alarm gets louder as the end comes nearer, and with failures")
    func alarm() {
        func level(_ failures: Int, _ left: Double?) -> RenewalAlarm {
            RenewalAlarm.level(failures: failures, secondsLeft: left, renewBefore: 30 * day)
        }
        #expect(level(1, nil) == .warning && level(3, nil) == .error)
        #expect(level(1, 29 * day) == .warning && level(10, 29 * day) == .error)
        #expect(level(1, 14 * day) == .error && level(1, 0.9 * day) == .critical && level(1, -5) == .critical)
    }
}
