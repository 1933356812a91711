import Testing

@testable import Proxy

@Suite("Certificates that expire")
struct CertificateExpiryTests {
    private static let day = 86_400

    @Test("are spoken of from 14 days before on, and after")
    func words() {
        #expect(
            CertificateExpiry.words(90 * Self.day) == nil && CertificateExpiry.words(14 * Self.day) == nil)
        #expect(CertificateExpiry.words(14 * Self.day - 1) == "expires in 13 days")
        #expect(CertificateExpiry.words(Self.day) == "expires in 1 day")
        #expect(CertificateExpiry.words(5) == "expires within a day")
        #expect(CertificateExpiry.words(-5) == "has expired today, clients refuse it")
        #expect(CertificateExpiry.words(-3 * Self.day) == "has expired 3 days ago, clients refuse it")
    }

    @Test("are looked at once a day")
    func daily() {
        let day = UInt64(Self.day) * 1_000_000_000
        var look = DailyLook(at: 5)
        #expect(!look.isDue(at: day) && look.isDue(at: day + 5))
        #expect(!look.isDue(at: day + 6) && look.isDue(at: 3 * day) && !look.isDue(at: 3 * day + 1))
    }
}
