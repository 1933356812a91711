/// How much a worker makes of compressed bytes in one turn of its loop, whoever sent them: a millisecond's work or so. Who
/// comes after waits for the next turn, so that those who sent many small bombs don't keep the loop from others.
struct TurnBudget {
    /// Bytes of what is made.
    private static let most = 1 << 20

    /// The turn's time, which no other has.
    private var turn: UInt64 = 0
    private var made = 0

    /// Whether nothing more is to be made in the turn of this time.
    func isSpent(at now: UInt64) -> Bool { turn == now && made > Self.most }

    /// So much was made.
    mutating func spend(_ bytes: Int, at now: UInt64) {
        if turn != now { (turn, made) = (now, 0) }
        made += bytes
    }
}
