import Testing

@testable import Proxy

@Suite("The age of sessions")
struct SessionAgeTests {
    @Test("is never reached where there is none")
    func none() {
        var age = SessionAge()
        age.begin(at: 100, for: 0)
        #expect(age.due == nil && !age.isReached(at: .max))
    }

    @Test("is reached at its time, and counted anew after it")
    func due() {
        var age = SessionAge()
        age.begin(at: 100, for: 50)
        #expect(age.due == 150 && !age.isReached(at: 149) && age.isReached(at: 150))
        age.begin(at: 150, for: 50)
        #expect(age.due == 200 && !age.isReached(at: 150))
    }

    @Test("may be more than a clock counts")
    func far() {
        var age = SessionAge()
        age.begin(at: 100, for: .max)
        #expect(age.due == .max && !age.isReached(at: .max - 1))
    }
}
