/// How many connections a listening socket takes when it is said to have some.
///
/// One that comes alone is taken alone: to find that there is no other would be one more system call for each, and the loop
/// tells of a second in its next turn. As long as turn after turn has one, twice as many are taken as in the last, up to so
/// many that a storm doesn't starve live sessions.
struct AcceptPace: Equatable {
    static let most = 64

    private var turn: UInt64?
    private var count = 1

    /// Some wait: how many to take, at most.
    ///
    /// - Parameter turn: the number of the loop's turn.
    mutating func ready(in turn: UInt64) -> Int {
        let goesOn = self.turn.map { turn &- $0 <= 1 } ?? false
        count = goesOn ? min(2 * count, Self.most) : 1
        self.turn = turn
        return count
    }
}
