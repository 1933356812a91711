import Testing

@testable import Proxy

@Suite("The budget of a turn")
struct TurnBudgetTests {
    @Test("is spent by all together, and full again in the next turn")
    func turns() {
        var budget = TurnBudget()
        for _ in 0..<16 {
            #expect(!budget.isSpent(at: 5))
            budget.spend(64 << 10, at: 5)
        }
        budget.spend(1, at: 5)
        #expect(budget.isSpent(at: 5) && !budget.isSpent(at: 6))
        budget.spend(1, at: 6)
        #expect(!budget.isSpent(at: 6))
    }
}
