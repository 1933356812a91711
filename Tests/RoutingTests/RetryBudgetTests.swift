import Routing
import Testing

@Suite("Retry budget")
struct RetryBudgetTests {
    @Test("the first few are free, then retries are a share of requests")
    func share() {
        var budget = RetryBudget(percent: 20)
        var taken = 0
        for _ in 0..<1000 {
            budget.asked()
            if budget.takeRetry() { taken += 1 }
        }
        #expect((200...211).contains(taken), "\(taken)")
    }

    @Test("quiet times save up a bounded number")
    func saved() {
        var budget = RetryBudget(percent: 20)
        for _ in 0..<100_000 { budget.asked() }
        var taken = 0
        while budget.takeRetry() { taken += 1 }
        #expect(taken == 100)
    }

    @Test("none but the first few where none are wanted")
    func none() {
        var budget = RetryBudget(percent: 0)
        for _ in 0..<100 { budget.asked() }
        var taken = 0
        while budget.takeRetry() { taken += 1 }
        #expect(taken == 10)
    }
}
