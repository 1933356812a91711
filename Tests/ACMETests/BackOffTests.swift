import ACME
import Testing

@Suite("Back-off")
struct BackOffTests {
    @Test("a network that is down is tried soon, and then more and more seldom")
    func quick() {
        var backOff = BackOff()
        let waits = (0..<12).map { _ in backOff.failed(.unreachable("x"), chance: 0.5).components.seconds }
        #expect(waits == [10, 20, 40, 90, 180, 360, 600, 1200, 1800, 3600, 3600, 3600])
        #expect(backOff.failures == 12)
        backOff = BackOff()
        #expect(backOff.failed(.unreachable("x"), chance: 0) == .seconds(8))
    }

    @Test("what an earlier process has counted counts on")
    func goesOn() {
        var backOff = BackOff(failures: 4)
        #expect(backOff.failed(.unreachable("x"), chance: 0.5) == .seconds(180) && backOff.failures == 5)
        #expect(BackOff(failures: -1).failures == 0)
    }

    @Test("of failed validations no more than five come in an hour")
    func slow() {
        var backOff = BackOff()
        let error = ACMEError.validation(name: "a", challenge: "http-01", reason: "x")
        var time = Duration.zero
        var tries = 1
        while true {
            time += backOff.failed(error, chance: 0)
            if time > .seconds(3600) { break }
            tries += 1
        }
        #expect(tries <= 5)
        for _ in 0..<10 { _ = backOff.failed(error, chance: 1) }
        #expect(backOff.failed(error, chance: 1) == .seconds(25_920))
    }

    @Test("the authority's own word counts where it is longer")
    func retryAfter() {
        var backOff = BackOff()
        let limited = ACMEError.problem(
            Problem(status: 429, name: "rateLimited", detail: "", retryAfter: .seconds(5000)))
        #expect(backOff.failed(limited, chance: 0) == .seconds(5000))
        let brief = ACMEError.problem(
            Problem(status: 429, name: "rateLimited", detail: "", retryAfter: .seconds(1)))
        #expect(backOff.failed(brief, chance: 0.5) == .seconds(300))
    }
}
