/// Decides how many warm connections to a backend are to be dialled. Pure: it counts, the pool acts.
struct PoolMachine {
    /// How many are dialled ahead of need.
    enum Level {
        case fixed(Int)
        case auto
    }

    private let fixed: Int?
    private var demand = WarmDemand()
    /// How many idle connections may be kept, those included that have served a request.
    let most: Int
    /// Ready and waiting.
    private(set) var idle = 0
    /// Under way.
    private(set) var dialling = 0

    init(level: Level, most: Int) {
        switch level {
        case .fixed(let level):
            fixed = max(0, level)
            self.most = max(0, most, level)
        case .auto:
            fixed = nil
            self.most = max(0, most)
        }
    }

    /// Nanoseconds that a connection dialled ahead may wait. 0 = as long as the backend lets it.
    func patience(idleTimeout: Duration) -> Duration {
        guard fixed == nil else { return idleTimeout }
        return idleTimeout == .zero ? WarmDemand.patience : min(idleTimeout, WarmDemand.patience)
    }

    private func level(at now: UInt64) -> Int { fixed ?? min(demand.level(at: now), most) }

    /// The backend answered an upgrade with 101.
    mutating func upgraded(at now: UInt64) { demand.upgraded(at: now) }

    /// One that was dialled ahead has waited in vain, and is closed.
    mutating func wastedOne() {
        demand.wastedOne()
        left()
    }

    /// How many dials to start now. A backend that is resting after a failure gets none: the pool must not hammer it.
    mutating func refill(backendIsUsable: Bool, at now: UInt64) -> Int {
        guard backendIsUsable else { return 0 }
        let missing = max(0, level(at: now) - idle - dialling)
        dialling += missing
        return missing
    }

    /// A dial ended. Returns whether its connection is to be kept; false when the level is reached already.
    mutating func dialEnded(withConnection: Bool, at now: UInt64) -> Bool {
        dialling = max(0, dialling - 1)
        guard withConnection, idle < level(at: now) else { return false }
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
