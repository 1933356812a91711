import Routing
import Testing

@Suite("Retry allowance")
struct RetryAllowanceTests {
    @Test("each request that is sent again costs an attempt, and a dial none")
    func attempts() {
        var allowance = RetryAllowance(attempts: 2, connectTimeout: .nanoseconds(3), now: 10)
        for _ in 0..<100 { #expect(allowance.mayDial(at: 10)) }
        for _ in 0..<2 {
            #expect(allowance.mayRetry)
            allowance.retried()
        }
        #expect(!allowance.mayRetry && allowance.mayDial(at: 18))
        allowance.retried()
        #expect(!allowance.mayRetry)
    }

    @Test("dials go on for as long as so many slow ones would take")
    func deadline() {
        let allowance = RetryAllowance(attempts: 2, connectTimeout: .nanoseconds(3), now: 10)
        #expect(allowance.mayDial(at: 18) && !allowance.mayDial(at: 19))
        let none = RetryAllowance(attempts: 0, connectTimeout: .nanoseconds(3), now: 10)
        #expect(none.mayDial(at: 12) && !none.mayDial(at: 13) && !none.mayRetry)
        #expect(RetryAllowance(attempts: -1, connectTimeout: .zero, now: 0).mayDial(at: .max))
        #expect(RetryAllowance(attempts: .max, connectTimeout: .seconds(Int64.max), now: 0).mayDial(at: .max))
    }
}
