/// How long is waited until an authority is looked at again: as long as it says, within reason; else longer each time
/// (RFC 8555, 7.5.1). All waiting together has an end.
struct PollPace: Sendable {
    /// Milliseconds.
    private static let most = 600_000

    private var looks = 0
    private var waited = 0

    /// Something else is waited for from now on.
    mutating func begin() { looks = 0 }

    /// Milliseconds; nil when there has been enough of it.
    mutating func next(retryAfter: Int?) -> Int? {
        looks += 1
        let time = retryAfter.map { min(max($0, 1), 60) * 1000 } ?? min(250 << min(looks - 1, 5), 5000)
        waited += time
        return waited <= Self.most ? time : nil
    }
}
