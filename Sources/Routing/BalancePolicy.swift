/// A backend as the choice sees it.
package struct Candidate: Equatable, Sendable {
    package let weight: Int
    package let sessions: Int
    package let isUsable: Bool

    /// A candidate from its parts.
    package init(weight: Int, sessions: Int, isUsable: Bool) {
        self.weight = weight
        self.sessions = sessions
        self.isUsable = isUsable
    }
}

/// Chooses among backends. Pure: the counts are the caller's.
package struct BalancePolicy: Sendable {
    /// The rule.
    package enum Rule: Equatable, Sendable { case roundRobin, leastSessions }

    private let rule: Rule
    private var credit: [Int] = []
    private var turn = 0

    /// At the beginning of a round.
    package init(_ rule: Rule) { self.rule = rule }

    /// The index of the backend for the next session; nil when none is usable.
    package mutating func choose(_ candidates: [Candidate]) -> Int? {
        switch rule {
        case .roundRobin: chooseInTurn(candidates)
        case .leastSessions: chooseLeast(candidates)
        }
    }

    /// Smooth weighted round robin: each usable one earns its weight, the richest is taken and pays the round.
    private mutating func chooseInTurn(_ candidates: [Candidate]) -> Int? {
        if credit.count != candidates.count { credit = [Int](repeating: 0, count: candidates.count) }
        var best: Int?
        var total = 0
        for (index, candidate) in candidates.enumerated() where candidate.isUsable {
            credit[index] += candidate.weight
            total += candidate.weight
            if best.map({ credit[index] > credit[$0] }) ?? true { best = index }
        }
        if let best { credit[best] -= total }
        return best
    }

    /// Fewest sessions for its weight; among equals in turn, or the first would get every burst.
    private mutating func chooseLeast(_ candidates: [Candidate]) -> Int? {
        guard !candidates.isEmpty else { return nil }
        var best: Int?
        for step in 0..<candidates.count {
            let index = (turn + step) % candidates.count
            guard candidates[index].isUsable else { continue }
            guard let current = best else {
                best = index
                continue
            }
            // sessions / weight compared without division.
            if candidates[index].sessions * candidates[current].weight < candidates[current].sessions
                * candidates[index].weight
            {
                best = index
            }
        }
        if let best { turn = (best + 1) % candidates.count }
        return best
    }
}
