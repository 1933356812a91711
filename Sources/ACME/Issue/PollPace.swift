/// How long is waited until an authority is looked at again: as long as it says, within reason; else longer each time
/// (RFC 8555, 7.5.1). All waiting together has an end.
struct PollPace: Sendable {
    private static let first = Duration.milliseconds(250)
    private static let longest = Duration.seconds(5)
    /// The least and the most that an authority may ask for.
    private static let asked = (least: Duration.seconds(1), most: Duration.seconds(60))
    /// All waiting together.
    private static let most = Duration.seconds(600)

    private var looks = 0
    private var waited = Duration.zero

    /// Something else is waited for from now on.
    mutating func begin() { looks = 0 }

    /// The next wait; nil when there has been enough of it.
    mutating func next(retryAfter: Duration?) -> Duration? {
        looks += 1
        let time =
            retryAfter.map { min(max($0, Self.asked.least), Self.asked.most) }
            ?? min(Self.first * (1 << min(looks - 1, 5)), Self.longest)
        waited += time
        return waited <= Self.most ? time : nil
    }
}
