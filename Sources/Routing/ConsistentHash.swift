/// Weighted rendezvous hashing with bounded load.
///
/// Each backend has a score for a key, from the key and the backend's own identity; the highest wins. A backend that
/// goes away moves only its own keys, each to the runner-up; when it comes back it gets exactly those again; a new one
/// takes only what it wins. One that is over its fair share by half passes new keys on to the runner-up.
package enum ConsistentHash {
    /// What a backend may carry over its fair share before keys pass on, in percent.
    private static let bound = 150

    /// The index of the backend for a key; nil when none is usable.
    package static func choose(_ candidates: [Candidate], key: UInt64) -> Int? {
        let usable = candidates.indices.filter { candidates[$0].isUsable }
        let weights = usable.reduce(0) { $0 + candidates[$1].weight }
        let load = usable.reduce(1) { $0 + max(0, candidates[$1].load) }
        let roomy = usable.filter { index in
            // load <= ceil(bound * load * weight / weights), compared after rounding up as the bound asks: with few
            // sessions everybody may carry one or two more than the exact share.
            let share = (load * Self.bound * candidates[index].weight + 100 * weights - 1) / (100 * weights)
            return candidates[index].load < max(share, Self.least)
        }
        return best(of: roomy.isEmpty ? usable : roomy, candidates, key)
    }

    /// So many sessions are nobody's overload: among a handful the bound would only break affinity.
    private static let least = 32

    private static func best(of indices: [Int], _ candidates: [Candidate], _ key: UInt64) -> Int? {
        indices.max { score(candidates[$0], key) < score(candidates[$1], key) }
    }

    /// -weight / ln(u), u uniform in (0, 1): the highest falls on each with a chance proportional to its weight.
    private static func score(_ candidate: Candidate, _ key: UInt64) -> Double {
        let mixed = mix(key ^ mix(candidate.identity))
        let uniform = (Double(mixed >> 11) + 0.5) / 9_007_199_254_740_992
        return -Double(candidate.weight) / logarithm(uniform)
    }

    /// 64 bits for a text: FNV-1a, then mixed. The same in every process, so that several proxies agree.
    package static func hash(_ text: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return mix(hash)
    }

    /// The finalizer of SplitMix64: every bit of the input changes half of the output's.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// ln x for 0 < x < 1. The standard library has no logarithm of its own, and every proxy must get the same bits:
    /// the exponent, and the series of atanh for the rest.
    private static func logarithm(_ x: Double) -> Double {
        let z = (x.significand - 1) / (x.significand + 1)
        let square = z * z
        var sum = 0.0
        var power = z
        for term in 0..<12 {
            sum += power / Double(2 * term + 1)
            power *= square
        }
        return 2 * sum + Double(x.exponent) * 0.693_147_180_559_945_3
    }
}
