/// Decides how many sessions each backend of an upstream has too many, once all that could be had again are back.
///
/// Only what is clearly too much is moved: a spread within the tolerance is as good as even, and sessions that are moved
/// for less would be moved back by the next chance.
package enum Rebalancing {
    /// One backend.
    package struct Load: Equatable, Sendable {
        /// Its share of the choices; less while it ramps up.
        package let weight: Double
        /// Sessions on it now.
        package let sessions: Int
        /// It gets new sessions.
        package let isUsable: Bool

        /// A backend as it stands.
        package init(weight: Double, sessions: Int, isUsable: Bool) {
            self.weight = weight
            self.sessions = sessions
            self.isUsable = isUsable
        }
    }

    /// How many of one worker's sessions on an overfull backend are to leave it yet: those that are on their way are not to be
    /// replaced by others, however long that takes them.
    ///
    /// - Parameters:
    ///   - surplus: of the backend, over all workers.
    ///   - sessions: on it, over all workers.
    ///   - own: the worker's, those that are leaving included.
    ///   - leaving: of them.
    package static func left(of surplus: Int, sessions: Int, own: Int, leaving: Int) -> Double {
        let share = min(Double(own) / Double(max(sessions, 1)), 1)
        return max(Double(surplus) * share - Double(leaving), 0)
    }

    /// How far over its fair share a backend may be.
    package static let tolerance = 0.1

    /// For each backend, the sessions beyond its fair share and the tolerance. Those that get nothing new are left alone:
    /// what becomes of their sessions is not a matter of balance.
    package static func excess(_ loads: [Load]) -> [Int] {
        let usable = loads.filter { $0.isUsable && $0.weight > 0 }
        let weight = usable.reduce(0) { $0 + $1.weight }
        let sessions = usable.reduce(0) { $0 + max($1.sessions, 0) }
        guard usable.count > 1, weight > 0 else { return loads.map { _ in 0 } }
        return loads.map { load in
            guard load.isUsable, load.weight > 0 else { return 0 }
            let fair = Double(sessions) * load.weight / weight
            // A handful is never uneven enough to be worth a reconnect.
            guard Double(load.sessions) > fair * (1 + tolerance) + 1 else { return 0 }
            return load.sessions - Int(fair.rounded(.up))
        }
    }
}
