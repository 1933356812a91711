import Access
import HTTPProtocol
import Testing

struct BearerTokenTests {
    private func token(_ values: String...) throws(TokenRefusal) -> String? {
        var fields = HeaderFields()
        for value in values { fields.append("Authorization", value) }
        return try BearerToken.of(fields)
    }

    @Test("the scheme in any case, with blanks before the token")
    func schemes() throws {
        #expect(try token("Bearer a.b.c") == "a.b.c")
        #expect(try token("bEARER   a.b.c") == "a.b.c")
        #expect(try token("Basic YTpi") == nil)
        #expect(try token("Bearers x") == nil)
        #expect(try token() == nil)
    }

    @Test("two are one too many, and none behind the scheme is none")
    func wrong() {
        #expect(throws: TokenRefusal.ambiguous) { try token("Bearer a", "Bearer b") }
        #expect(throws: TokenRefusal.malformed) { try token("Bearer") }
    }
}
