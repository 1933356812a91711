import Testing

@testable import Proxy

@Suite("Certificates that expire")
struct CertificateExpiryTests {
    private static let day = Duration.seconds(86_400)

    @Test("are spoken of from 14 days before on, and after")
    func words() {
        #expect(
            CertificateExpiry.words(Self.day * 90) == nil && CertificateExpiry.words(Self.day * 14) == nil)
        #expect(CertificateExpiry.words(Self.day * 14 - .seconds(1)) == "expires in 13 days")
        #expect(CertificateExpiry.words(Self.day) == "expires in 1 day")
        #expect(CertificateExpiry.words(.seconds(5)) == "expires within a day")
        #expect(CertificateExpiry.words(.seconds(-5)) == "has expired today, clients refuse it")
        #expect(CertificateExpiry.words(Self.day * -3) == "has expired 3 days ago, clients refuse it")
    }

    @Test("are looked at once a day")
    func daily() {
        let day = UInt64(86_400) * 1_000_000_000
        var look = DailyLook(at: 5)
        #expect(!look.isDue(at: day) && look.isDue(at: day + 5))
        #expect(!look.isDue(at: day + 6) && look.isDue(at: 3 * day) && !look.isDue(at: 3 * day + 1))
    }
}
