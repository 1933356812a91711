import Testing

@testable import Proxy

@Suite("Exchange clock")
struct ExchangeClockTests {
    @Test("a body that comes steadily is never late, however long it takes; one that stops is")
    func body() {
        var clock = ExchangeClock(request: 100, response: 70)
        #expect(clock.check(at: 5) == .idle)
        clock.wantsBody(at: 10)
        #expect(clock.check(at: 109) == .wait(1))
        for now: UInt64 in stride(from: 60, through: 1000, by: 50) {
            clock.moved(at: now)
            #expect(clock.check(at: now + 49) == .wait(51))
        }
        #expect(clock.check(at: 1100) == .requestStands)
    }

    @Test("its time ends with it")
    func ended() {
        var clock = ExchangeClock(request: 100, response: 70)
        clock.wantsBody(at: 0)
        clock.bodyEnded()
        #expect(clock.check(at: 5000) == .idle)
    }

    @Test("a response may take as long as it likes, but not stop")
    func response() {
        var clock = ExchangeClock(request: 100, response: 70)
        clock.answerBegan(isEndless: false, at: 1000)
        clock.moved(at: 1060)
        #expect(clock.check(at: 1070) == .wait(60))
        #expect(clock.check(at: 1130) == .responseStands)
    }

    @Test("an answer under way is never a late request, whatever became of the body")
    func answerUnderWay() {
        var clock = ExchangeClock(request: 100, response: 700)
        clock.wantsBody(at: 0)
        clock.answerBegan(isEndless: false, at: 50)
        #expect(clock.check(at: 600) == .wait(150))
        #expect(clock.check(at: 750) == .responseStands)
    }

    @Test("an endless answer is never late, nor is what has no limit")
    func endless() {
        var clock = ExchangeClock(request: 100, response: 70)
        clock.answerBegan(isEndless: true, at: 0)
        #expect(clock.check(at: .max) == .idle)
        var off = ExchangeClock(request: 0, response: 0)
        off.wantsBody(at: 0)
        #expect(off.check(at: .max) == .idle)
        off.answerBegan(isEndless: false, at: 0)
        #expect(off.check(at: .max) == .idle)
    }

    @Test("a side that is not read can't be late: its time begins when it is read again")
    func held() {
        var clock = ExchangeClock(request: 100, response: 70)
        clock.wantsBody(at: 0)
        clock.holdsClient(true, at: 10)
        #expect(clock.check(at: 900) == .wait(100))
        clock.holdsClient(false, at: 950)
        #expect(clock.check(at: 1000) == .wait(50))
        clock.answerBegan(isEndless: false, at: 1000)
        clock.holdsBackend(true, at: 1010)
        #expect(clock.check(at: 9000) == .wait(70))
        clock.holdsBackend(false, at: 9000)
        #expect(clock.check(at: 9070) == .responseStands)
    }
}
