/// When a session has lived for as long as its route allows. Pure; nanoseconds.
struct SessionAge {
    /// A part of the age, by which it is longer or shorter: sessions that came together don't go together.
    static let spread = 0.1

    /// 0 = never.
    private var dueAt: UInt64 = 0

    /// nil = never.
    var due: UInt64? { dueAt > 0 ? dueAt : nil }

    /// Counts from now on.
    ///
    /// - Parameter age: 0 = as before.
    mutating func begin(at now: UInt64, for age: UInt64) {
        guard age > 0 else { return }
        let (sum, isBeyond) = now.addingReportingOverflow(age)
        dueAt = isBeyond ? .max : sum
    }

    func isReached(at now: UInt64) -> Bool { dueAt > 0 && now >= dueAt }
}
