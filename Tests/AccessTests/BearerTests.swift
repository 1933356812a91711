import Access
import Testing

@Suite("Who a session is of")
struct BearerTests {
    @Test("subjects are compared by bytes")
    func subjects() {
        let (composed, other) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == other)
        #expect(Bearer.isSame(subject: composed, composed) && !Bearer.isSame(subject: composed, other))
        #expect(Bearer.isSame(subject: nil, nil))
        #expect(!Bearer.isSame(subject: nil, "") && !Bearer.isSame(subject: "", nil))
    }
}
