/// Keeps retries a share of what is asked anyway: when everything fails, retries must not double the load.
package struct RetryBudget: Equatable, Sendable {
    /// So many retries are free, for those who ask little.
    private static let floor = 10.0
    /// What may be saved up in quiet times.
    private static let most = 100.0

    private let share: Double
    private var saved = RetryBudget.floor

    /// - Parameter percent: retries for each hundred requests; 0 = none but the first few.
    package init(percent: Int) { share = Double(max(0, percent)) / 100 }

    /// A request is sent for the first time.
    package mutating func asked() { saved = min(saved + share, Self.most) }

    /// Whether one could be sent again now.
    package var hasRetry: Bool { saved >= 1 }

    /// Whether one may be sent again.
    package mutating func takeRetry() -> Bool {
        guard hasRetry else { return false }
        saved -= 1
        return true
    }
}
