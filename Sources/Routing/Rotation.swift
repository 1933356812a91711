/// Decides which backends of an upstream may be chosen, by what is known of each.
package enum Rotation {
    /// How one backend stands.
    package enum Place: Equatable, Sendable {
        /// It is not to be chosen in any case: it drains.
        case out
        case standing(BackendHealth.Standing)
    }

    /// Whether each may be chosen.
    ///
    /// At most `share` percent may be out because of a suspicion; of more, those whose rest ends first are taken back:
    /// when everything seems to fail it is rarely the backends, and the few left would be run over. When none is left,
    /// those whose rest ends first are tried all the same: better a failure than a refusal out of caution.
    package static func usable(_ places: [Place], share: Int) -> [Bool] {
        var usable = places.map { $0 == .standing(.up) }
        let present = places.count { $0 != .out }
        let suspects = places.indices.compactMap { index -> (index: Int, until: UInt64)? in
            if case .standing(.suspected(let until)) = places[index] { (index, until) } else { nil }
        }
        let excess = suspects.count - present * share / 100
        if excess > 0 {
            for suspect in suspects.sorted(by: { $0.until < $1.until }).prefix(excess) {
                usable[suspect.index] = true
            }
        }
        guard !usable.contains(true) else { return usable }
        let earliest = places.compactMap(end).min()
        return places.map { place in end(place).map { $0 == earliest } ?? false }
    }

    /// Of those that may be chosen, the ones of the lowest number (RFC 2782): the others are for when there are none.
    package static func preferred(_ usable: [Bool], priorities: [Int]) -> [Bool] {
        guard let first = zip(usable, priorities).lazy.filter(\.0).map(\.1).min() else { return usable }
        return zip(usable, priorities).map { $0 && $1 == first }
    }

    /// Of those that may be chosen, the ones that are not busy proving themselves: nobody else waits to see what becomes
    /// of it, unless there is nobody else to be asked.
    package static func spared(_ usable: [Bool], proving: [Bool]) -> [Bool] {
        let others = zip(usable, proving).map { $0 && !$1 }
        return others.contains(true) ? others : usable
    }

    private static func end(_ place: Place) -> UInt64? {
        switch place {
        case .out: nil
        case .standing(.up): 0
        case .standing(.suspected(let until)), .standing(.down(let until)): until
        case .standing(.failing): .max
        }
    }
}
