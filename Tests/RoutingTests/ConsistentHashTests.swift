import Routing
import Testing

@Suite("Consistent hashing")
struct ConsistentHashTests {
    private let names = ["10.0.0.1:9001", "10.0.0.2:9001", "10.0.0.3:9001", "10.0.0.4:9001"]

    private func candidates(
        _ names: [String], weights: [Int] = [], loads: [Int] = [], without: Set<String> = []
    ) -> [Candidate] {
        names.enumerated().map { index, name in
            Candidate(
                identity: ConsistentHash.hash(name.utf8), weight: weights.isEmpty ? 1 : weights[index],
                load: loads.isEmpty ? 0 : loads[index], isUsable: !without.contains(name))
        }
    }

    /// Which backend each of many keys meets.
    private func homes(_ candidates: [Candidate], _ names: [String]) -> [String] {
        (0..<8000).compactMap { number in
            ConsistentHash.choose(candidates, key: ConsistentHash.hash("key \(number)".utf8)).map {
                names[$0]
            }
        }
    }

    @Test("keys spread by weight")
    func spread() {
        let even = homes(candidates(names), names)
        let counts = names.map { name in even.count { $0 == name } }
        #expect(counts.allSatisfy { abs($0 - 2000) < 160 }, "\(counts)")
        let weighted = homes(candidates(names, weights: [1, 2, 4, 1]), names)
        let shares = names.map { name in weighted.count { $0 == name } }
        #expect(zip(shares, [1000, 2000, 4000, 1000]).allSatisfy { abs($0 - $1) < 160 }, "\(shares)")
    }

    @Test("who is gone moves its own keys only, and gets exactly those again")
    func absence() {
        let before = homes(candidates(names), names)
        let during = homes(candidates(names, without: [names[2]]), names)
        for (old, new) in zip(before, during) {
            #expect(old == names[2] ? new != names[2] : new == old)
        }
        #expect(homes(candidates(names), names) == before)
        // Out of the list altogether, or the list in another order: no difference.
        let shorter = names.filter { $0 != names[2] }
        #expect(homes(candidates(shorter), shorter) == during)
        let turned = Array(names.reversed())
        #expect(homes(candidates(turned), turned) == before)
    }

    @Test("a new backend takes its share and leaves all other keys where they were")
    func growth() {
        let more = names + ["10.0.0.5:9001"]
        let before = homes(candidates(names), names)
        let after = homes(candidates(more), more)
        let moved = zip(before, after).filter { $0 != $1 }
        #expect(moved.allSatisfy { $1 == more[4] })
        #expect(abs(moved.count - 1600) < 160, "\(moved.count)")
    }

    @Test("one that is over its fair share by half passes keys on, each to its runner-up")
    func boundedLoad() {
        let free = homes(candidates(names), names)
        let full = homes(candidates(names, loads: [200, 100, 100, 100]), names)
        #expect(!full.contains(names[0]))
        #expect(zip(free, full).allSatisfy { $0 == names[0] || $0 == $1 })
        // All keys the same: nobody carries more than half over its share.
        var loads = [0, 0, 0, 0]
        for _ in 0..<1000 {
            guard let index = ConsistentHash.choose(candidates(names, loads: loads), key: 42) else {
                continue
            }
            loads[index] += 1
        }
        #expect(loads.reduce(0, +) == 1000 && (loads.max() ?? 0) <= 377, "\(loads)")
        // A handful breaks no affinity.
        #expect(homes(candidates(names, loads: [30, 0, 0, 0]), names) == free)
    }

    @Test("nobody usable, nobody chosen")
    func nobody() {
        #expect(ConsistentHash.choose(candidates(names, without: Set(names)), key: 1) == nil)
        #expect(ConsistentHash.choose([], key: 1) == nil)
    }
}
