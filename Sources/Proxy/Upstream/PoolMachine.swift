/// Decides how many warm connections to a backend are to be dialled. Pure: it counts, the pool acts.
struct PoolMachine {
    /// How many idle connections are kept ready.
    let level: Int
    /// How many idle connections may be kept, those included that have served a request.
    let most: Int
    /// Ready and waiting.
    private(set) var idle = 0
    /// Under way.
    private(set) var dialling = 0

    init(level: Int, most: Int) {
        self.level = max(0, level)
        self.most = max(0, most)
    }

    /// How many dials to start now. A backend that is resting after a failure gets none: the pool must not hammer it.
    mutating func refill(backendIsUsable: Bool) -> Int {
        guard backendIsUsable else { return 0 }
        let missing = max(0, level - idle - dialling)
        dialling += missing
        return missing
    }

    /// A dial ended. Returns whether its connection is to be kept; false when the level is reached already.
    mutating func dialEnded(withConnection: Bool) -> Bool {
        dialling = max(0, dialling - 1)
        guard withConnection, idle < level else { return false }
        idle += 1
        return true
    }

    /// A connection has served a request and could serve another. Returns whether it is to be kept.
    mutating func returned() -> Bool {
        guard idle < most else { return false }
        idle += 1
        return true
    }

    /// A session took an idle connection, or one was closed.
    mutating func left() { idle = max(0, idle - 1) }
}
