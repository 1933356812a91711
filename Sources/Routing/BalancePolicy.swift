/// A backend as the choice sees it.
package struct Candidate: Equatable, Sendable {
    /// A hash of what names the backend for ever, its address; consistent hashing goes by it and not by the place in
    /// the list.
    package let identity: UInt64
    /// Its share beside the others'.
    package let weight: Int
    /// What it carries now.
    package let load: Int
    /// Nothing new goes to one that is not.
    package let isUsable: Bool
    /// The share of choices that a new or recovered backend takes part in; 1 = all.
    package let ramp: Double

    /// A candidate from its parts.
    package init(identity: UInt64 = 0, weight: Int, load: Int, isUsable: Bool, ramp: Double = 1) {
        self.identity = identity
        self.weight = weight
        self.load = load
        self.isUsable = isUsable
        self.ramp = ramp
    }
}

/// Chooses among backends. Pure: counts and random values are the caller's.
package struct BalancePolicy: Sendable {
    /// The rule, and the word for it in a configuration.
    package enum Rule: String, CaseIterable, Sendable {
        /// In turn, by weight.
        case roundRobin = "round_robin"
        /// Fewest sessions for its weight.
        case leastSessions = "least_sessions"
        /// The emptier one of two drawn at random: near the least, and proxies that don't know of each other never all
        /// run to the same one.
        case randomTwo = "random_two"
        /// By a key: the same key meets the same backend.
        case hash
    }

    private let rule: Rule
    private var credit: [Int] = []
    private var turn = 0

    /// At the beginning of a round.
    package init(_ rule: Rule) { self.rule = rule }

    /// The index of the backend for the next session; nil when none is usable.
    ///
    /// - Parameter key: what `hash` goes by; the other rules don't look at it.
    package mutating func choose(
        _ candidates: [Candidate], key: UInt64 = 0, random: inout some RandomNumberGenerator
    ) -> Int? {
        // Consistent hashing has no slow start: a key is at home at one backend, and half of its requests going
        // elsewhere would be worse than a burst.
        let usable =
            rule == .hash
            ? candidates.indices.filter { candidates[$0].isUsable } : takingPart(candidates, &random)
        guard !usable.isEmpty else { return nil }
        return switch rule {
        case .roundRobin: chooseInTurn(candidates, usable)
        case .leastSessions: chooseLeast(candidates, usable)
        case .randomTwo: chooseOfTwo(candidates, usable, &random)
        case .hash: ConsistentHash.choose(candidates, key: key)
        }
    }

    /// Who takes part in this choice: all that are usable, but one that ramps up only so often as its share says.
    private func takingPart(_ candidates: [Candidate], _ random: inout some RandomNumberGenerator) -> [Int] {
        let usable = candidates.indices.filter { candidates[$0].isUsable }
        guard usable.contains(where: { candidates[$0].ramp < 1 }) else { return usable }
        let drawn = usable.filter { index in
            candidates[index].ramp >= 1 || Double.random(in: 0..<1, using: &random) < candidates[index].ramp
        }
        return drawn.isEmpty ? usable : drawn
    }

    /// Smooth weighted round robin: each usable one earns its weight, the richest is taken and pays the round.
    private mutating func chooseInTurn(_ candidates: [Candidate], _ usable: [Int]) -> Int? {
        if credit.count != candidates.count { credit = [Int](repeating: 0, count: candidates.count) }
        var best: Int?
        var total = 0
        for index in usable {
            credit[index] += candidates[index].weight
            total += candidates[index].weight
            if best.map({ credit[index] > credit[$0] }) ?? true { best = index }
        }
        if let best { credit[best] -= total }
        return best
    }

    /// Among equals in turn, or the first would get every burst.
    private mutating func chooseLeast(_ candidates: [Candidate], _ usable: [Int]) -> Int? {
        let start = usable.firstIndex { $0 >= turn } ?? 0
        var best: Int?
        for index in usable[start...] + usable[..<start] {
            if best.map({ isEmptier(candidates[index], than: candidates[$0]) }) ?? true { best = index }
        }
        if let best { turn = (best + 1) % candidates.count }
        return best
    }

    private func chooseOfTwo(
        _ candidates: [Candidate], _ usable: [Int], _ random: inout some RandomNumberGenerator
    ) -> Int? {
        guard usable.count > 1 else { return usable.first }
        let first = Int.random(in: 0..<usable.count, using: &random)
        let step = Int.random(in: 1..<usable.count, using: &random)
        let (a, b) = (usable[first], usable[(first + step) % usable.count])
        return isEmptier(candidates[b], than: candidates[a]) ? b : a
    }

    /// (load + 1) / weight compared without division: as it would be with the new session on it, so that among empty
    /// ones the heavier goes first.
    private func isEmptier(_ a: Candidate, than b: Candidate) -> Bool {
        (a.load + 1) * b.weight < (b.load + 1) * a.weight
    }
}
