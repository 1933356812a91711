/// A stream socket's place in the budget of its loop: taken once, and given back once.
package struct SocketPlace {
    /// Whose socket it is: a client's came by accepting, a backend's is one that we connect.
    package let isClient: Bool
    private(set) var isTaken: Bool

    /// - Parameter isTaken: whoever had the socket before has taken it.
    init(isClient: Bool, isTaken: Bool = false) {
        self.isClient = isClient
        self.isTaken = isTaken
    }

    /// Takes it. False where there is none.
    mutating func enterClient(_ budget: SocketBudget) -> Bool {
        guard !isTaken, budget.enterClient() else { return isTaken }
        isTaken = true
        return true
    }

    /// Gives it back, where it was taken.
    mutating func leave(_ budget: SocketBudget) {
        guard moveOut() else { return }
        if isClient { budget.leaveClient() } else { budget.leaveBackend() }
    }

    /// Whether there is one to hand on; whoever gets it gives it back.
    mutating func moveOut() -> Bool {
        defer { isTaken = false }
        return isTaken
    }
}
