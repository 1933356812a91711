import Testing

@testable import Access

@Suite("Revocations")
struct RevocationListTests {
    private func bearer(_ subject: String?, _ id: String? = nil, at time: Double? = nil) -> Bearer {
        Bearer(subject: subject, tokenID: id, issuedAt: time)
    }

    private func revocation(
        _ subject: String? = nil, _ id: String? = nil, before: Double? = nil
    ) throws -> Revocation {
        try #require(Revocation(subject: subject, tokenID: id, issuedBefore: before))
    }

    @Test("a list forgets each at its end, and keeps the later one")
    func ends() throws {
        var list = RevocationList()
        let ada = try revocation("ada")
        let all = try revocation(before: 50)
        #expect(list.isEmpty)
        #expect(list.add(ada, until: 20, now: 10) && list.add(all, until: 30, now: 10))
        #expect(list.add(ada, until: 15, now: 10) == true)
        #expect(list.count == 2 && list.all.map(\.until) == [20, 30])
        #expect(list.covers(bearer("ada", at: 60), now: 19))
        #expect(!list.covers(bearer("ada", at: 60), now: 20))
        #expect(list.covers(bearer("bob", at: 40), now: 29))
        #expect(!list.covers(bearer("bob", at: 40), now: 30))
        #expect(!list.prune(now: 19) && list.prune(now: 20))
        #expect(list.count == 1 && list.covers(bearer("bob", at: 40), now: 29))
        #expect(list.remove(all) && !list.remove(all) && list.isEmpty)
    }

    @Test("a token is found by its id whoever it is of")
    func tokens() throws {
        var list = RevocationList()
        #expect(try list.add(revocation(nil, "t"), until: 9, now: 0) == true)
        #expect(try list.add(revocation("eve", "u"), until: 9, now: 0) == true)
        #expect(list.covers(bearer(nil, "t"), now: 1) && list.covers(bearer("x", "t"), now: 1))
        #expect(list.covers(bearer("eve", "u"), now: 1) && !list.covers(bearer("ada", "u"), now: 1))
    }

    @Test("there are only so many, and ended ones make room")
    func bounded() throws {
        var list = RevocationList()
        for number in 0..<RevocationList.most {
            #expect(try list.add(revocation("\(number)"), until: number == 7 ? 5 : 10, now: 0) == true)
        }
        #expect(try list.add(revocation("more"), until: 10, now: 4) == false)
        #expect(try list.add(revocation("more"), until: 10, now: 5) == true)
        #expect(!list.covers(bearer("7"), now: 4) && list.covers(bearer("more"), now: 5))
    }

    @Test("what they name takes only so many bytes, and what has ended or was taken back makes room")
    func boundedBytes() throws {
        let size = 2 * Revocation.mostBytes
        let count = RevocationList.mostBytes / size
        func long(_ number: Int) throws -> Revocation {
            let text = "\(number)." + String(repeating: "x", count: Revocation.mostBytes)
            let name = String(text.prefix(Revocation.mostBytes))
            return try revocation(name, name)
        }
        var list = RevocationList()
        for number in 0..<count {
            #expect(try list.add(long(number), until: number == 7 ? 5 : 10, now: 0) == true)
        }
        #expect(try list.add(long(count), until: 10, now: 0) == false)
        #expect(try list.add(revocation("x"), until: 10, now: 0) == false)
        // One without a name takes none, and a later end no more.
        #expect(
            try list.add(revocation(before: 1), until: 10, now: 0) && list.add(long(3), until: 11, now: 0))
        #expect(try list.add(long(count), until: 10, now: 5) == true)
        #expect(try list.add(revocation("x"), until: 10, now: 5) == false)
        #expect(try list.remove(long(3)) && list.add(revocation("x"), until: 10, now: 5))
    }
}
