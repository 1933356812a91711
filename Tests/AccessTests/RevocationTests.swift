import Testing

@testable import Access

@Suite("One revocation")
struct RevocationTests {
    private func bearer(_ subject: String?, _ id: String? = nil, at time: Double? = nil) -> Bearer {
        Bearer(subject: subject, tokenID: id, issuedAt: time)
    }

    private func revocation(
        _ subject: String? = nil, _ id: String? = nil, before: Double? = nil
    ) throws -> Revocation {
        try #require(Revocation(subject: subject, tokenID: id, issuedBefore: before))
    }

    @Test("all that a revocation names must be so")
    func covers() throws {
        let ada = bearer("ada", "1", at: 100)
        #expect(try revocation("ada").covers(ada))
        #expect(try !revocation("eve").covers(ada))
        #expect(try revocation(nil, "1").covers(ada))
        #expect(try !revocation("eve", "1").covers(ada))
        #expect(try revocation("ada", before: 101).covers(ada))
        #expect(try !revocation("ada", before: 100).covers(ada))
        #expect(try revocation(before: 101).covers(ada))
        #expect(try revocation(before: 1).covers(bearer("ada")), "issued nobody knows when")
        #expect(try !revocation(before: 1).covers(Bearer(subject: "ada")), "has no token")
        #expect(try revocation("ada", before: 1).covers(Bearer(subject: "ada")))
    }

    @Test("what names nothing, or too much, is none")
    func none() {
        #expect(Revocation() == nil)
        #expect(Revocation(issuedBefore: .nan) == nil)
        #expect(Revocation(subject: String(repeating: "x", count: 513)) == nil)
    }
}
