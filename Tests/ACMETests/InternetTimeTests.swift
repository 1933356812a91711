import ACME
import Testing

@Suite("Times")
struct InternetTimeTests {
    @Test(
        "RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0.0), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-01-02T04:00:00.123Z", 1_767_326_400), ("2026-01-02T05:30:00+01:30", 1_767_326_400),
            ("2026-01-01t23:00:00-05:00", 1_767_326_400),
        ])
    func times(_ text: String, _ seconds: Double) { #expect(InternetTime.seconds(text) == seconds) }

    @Test(
        "what is none is nil",
        arguments: [
            "", "2026", "2026-13-01T00:00:00Z", "2026-01-02 04:00:00Z", "2026-01-02T04:00:00",
            "2026-01-02T25:00:00Z",
            "2026-01-02T04:00:00+1:00", "2026-01-0xT04:00:00Z", "2026-01-02T04:00:00Zx",
        ])
    func broken(_ text: String) { #expect(InternetTime.seconds(text) == nil) }

    @Test("HTTP dates and Retry-After")
    func http() {
        #expect(InternetTime.httpDate("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(InternetTime.httpDate("Sunday, 06-Nov-94 08:49:37 GMT") == nil)
        #expect(InternetTime.retryAfter("120", now: 0) == .seconds(120))
        #expect(InternetTime.retryAfter("99999999", now: 0) == .seconds(86_400))
        #expect(InternetTime.retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == .seconds(7))
        #expect(InternetTime.retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_790) == .zero)
        #expect(InternetTime.retryAfter("soon", now: 0) == nil)
        #expect(InternetTime.retryAfter("-5", now: 0) == nil)
        #expect(InternetTime.retryAfter(nil, now: 0) == nil)
    }
}
