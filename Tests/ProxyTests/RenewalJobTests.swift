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
        job.adopt(certificate, renewBefore: .seconds(30 * day))
        let latest = certificate.notAfter - 30 * day
        #expect((latest - 3600...latest).contains(job.due))
        #expect(job.standing.expires == certificate.notAfter)
        let start = certificate.notBefore + 10 * day
        job.advise(RenewalWindow(start: start, end: start + day), next: 5, renewBefore: .seconds(30 * day))
        #expect((start...start + day).contains(job.due) && job.nextInformation == 5)
        job.hurry(now: 7)
        // What was asked before is answered after the order.
        job.advise(nil, next: 6, renewBefore: .seconds(30 * day))
        #expect(job.due == 7)
    }

    @Test("a failure puts it off, and advice doesn't hurry it")
    func failures() throws {
        var job = RenewalJob("a.example", now: 1000)
        let record = job.failed(
            .validation(name: "a.example", challenge: "http-01", reason: "x"), now: 1000, chance: 0.5)
        #expect(record.due == 1060 && job.due == 1060 && job.standing.failures == 1)
        #expect(job.standing.lastErrorWord == "validation" && job.standing.lastErrorAt == 1000)
        job.advise(RenewalWindow(start: 1, end: 2), next: 0, renewBefore: .zero)
        #expect(job.due == 1060)
        job.adopt(try Certificate.selfSigned(), renewBefore: .zero)
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

    @Test("what another process has failed at puts it off, and counts on")
    func predecessors() {
        let record = FailureRecord(failures: 3, at: 900, due: 1800, word: "validation", words: "no")
        func heeds(_ job: inout RenewalJob, at now: Double) -> Bool { job.heed(record, now: now) }
        var job = RenewalJob("a.example", now: 1000)
        let isPutOff = heeds(&job, at: 1000)
        #expect(isPutOff && job.due == 1800)
        #expect(job.standing.failures == 3 && job.standing.lastError == "no")
        #expect(job.rotated([.tlsALPN, .http]) == [.http, .tlsALPN])
        // The same is not news; what is over, or from the future, keeps from nothing; an order is an order.
        let isNews = heeds(&job, at: 1000)
        #expect(!isNews)
        for now in [2000.0, 10] {
            var other = RenewalJob("a.example", now: now)
            let isPutOff = heeds(&other, at: now)
            #expect(!isPutOff && other.due == now)
        }
        var ordered = RenewalJob("a.example", now: 1000)
        ordered.hurry(now: 1000)
        let isOrderPutOff = heeds(&ordered, at: 1000)
        #expect(!isOrderPutOff && ordered.due == 1000)
        let next = job.failed(.validation(name: "a", challenge: "b", reason: "c"), now: 1800, chance: 0.5)
        #expect(next.failures == 4 && next.due == 3600)
    }

    @Test("a clock that is set back puts nothing off")
    func clock() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:a.example", days: 90)
        var job = RenewalJob("a.example", now: 5e9)
        _ = job.failed(.unreachable("x"), now: 5e9, chance: 0)
        job.clockWasSetBack(now: 1000, renewBefore: .zero)
        #expect(job.due == 1000 && job.nextInformation == 1000)
        job.adopt(certificate, renewBefore: .seconds(30 * day))
        let due = job.due
        _ = job.failed(.unreachable("x"), now: 5e9, chance: 0)
        job.clockWasSetBack(now: certificate.notBefore + 1, renewBefore: .seconds(30 * day))
        #expect(job.due == due)
    }

    @Test("an authority that wants everything renewed at once is not asked without a pause")
    func pause() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:a.example", days: 90)
        let now = certificate.notBefore + day
        var job = RenewalJob("a.example", now: now)
        job.adopt(certificate, renewBefore: .seconds(30 * day), obtained: now)
        job.advise(RenewalWindow(start: 1, end: 2), next: 0, renewBefore: .seconds(30 * day))
        #expect(job.due == now + 21_600)
        // One that was found may be what is to be replaced.
        job.adopt(certificate, renewBefore: .seconds(30 * day))
        job.advise(RenewalWindow(start: 1, end: 2), next: 0, renewBefore: .seconds(30 * day))
        #expect(job.due < 3)
    }

    @Test("what another authority has issued is served, and replaced at once")
    func foreign() throws {
        let certificate = try Certificate.selfSigned(names: "DNS:a.example", days: 90)
        var job = RenewalJob("a.example", now: 1000)
        job.adopt(certificate, renewBefore: .seconds(30 * day), isForeign: true)
        #expect(job.due == 1000 && job.isForeign)
        job.advise(RenewalWindow(start: 5e9, end: 6e9), next: 0, renewBefore: .seconds(30 * day))
        #expect(job.due == 1000)
        job.adopt(certificate, renewBefore: .seconds(30 * day))
        #expect(job.due > 1000 && !job.isForeign)
    }

    @Test("the alarm gets louder as the end comes nearer, and with failures")
    func alarm() {
        func level(_ failures: Int, _ left: Double?) -> RenewalAlarm {
            RenewalAlarm.level(
                failures: failures, left: left.map { .seconds($0) }, renewBefore: .seconds(30 * day))
        }
        #expect(level(1, nil) == .warning && level(3, nil) == .error)
        #expect(level(1, 29 * day) == .warning && level(10, 29 * day) == .error)
        #expect(level(1, 14 * day) == .error && level(1, 0.9 * day) == .critical && level(1, -5) == .critical)
    }
}
