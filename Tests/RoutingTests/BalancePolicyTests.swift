import Routing
import Testing

@Suite("Balancing")
struct BalancePolicyTests {
    private func candidate(
        _ weight: Int = 1, _ load: Int = 0, usable: Bool = true, ramp: Double = 1
    ) -> Candidate {
        Candidate(weight: weight, load: load, isUsable: usable, ramp: ramp)
    }

    /// How often each was chosen; what is chosen carries one more where `adds` says so.
    private func tally(
        _ rule: BalancePolicy.Rule, _ candidates: [Candidate], _ count: Int, adds: Bool = false
    ) -> [Int] {
        var policy = BalancePolicy(rule)
        var random = SeededRandom(7)
        var loads = candidates.map(\.load)
        var picks = [Int](repeating: 0, count: candidates.count)
        for _ in 0..<count {
            let now = zip(candidates, loads).map {
                Candidate(weight: $0.weight, load: $1, isUsable: $0.isUsable, ramp: $0.ramp)
            }
            guard let index = policy.choose(now, random: &random) else { continue }
            picks[index] += 1
            if adds { loads[index] += 1 }
        }
        return picks
    }

    @Test("round robin follows weights smoothly and skips who can't be used")
    func roundRobin() {
        var policy = BalancePolicy(.roundRobin)
        var random = SeededRandom(1)
        let picks = (0..<6).compactMap { _ in
            policy.choose([candidate(2), candidate(1), candidate(5, 0, usable: false)], random: &random)
        }
        #expect(picks == [0, 1, 0, 0, 1, 0])
        #expect(tally(.roundRobin, [candidate(5), candidate(3), candidate(2)], 1000) == [500, 300, 200])
        #expect(policy.choose([candidate(1, 0, usable: false)], random: &random) == nil)
    }

    @Test("least sessions counts by weight and takes equals in turn")
    func leastSessions() {
        var random = SeededRandom(1)
        var policy = BalancePolicy(.leastSessions)
        #expect(
            policy.choose([candidate(1, 3), candidate(2, 4), candidate(1, 9)], random: &random) == 1)
        var even = BalancePolicy(.leastSessions)
        let picks = (0..<4).compactMap { _ in even.choose([candidate(), candidate()], random: &random) }
        #expect(picks == [0, 1, 0, 1])
        #expect(even.choose([], random: &random) == nil)
        #expect(tally(.leastSessions, [candidate(3), candidate(1)], 400, adds: true) == [300, 100])
        // One that starts empty catches up first.
        #expect(tally(.leastSessions, [candidate(1, 50), candidate(1, 0)], 60, adds: true) == [5, 55])
    }

    @Test("the emptier of two random ones keeps loads together, and never takes the fullest of several")
    func randomTwo() {
        let even = tally(.randomTwo, [candidate(), candidate(), candidate(), candidate()], 4000, adds: true)
        #expect(even.allSatisfy { abs($0 - 1000) <= 20 }, "\(even)")
        let weighted = tally(.randomTwo, [candidate(3), candidate(1)], 400, adds: true)
        #expect(abs(weighted[0] - 300) <= 2, "\(weighted)")
        #expect(tally(.randomTwo, [candidate(1, 9), candidate(1, 0), candidate(1, 0)], 300)[0] == 0)
        #expect(tally(.randomTwo, [candidate(1, 0, usable: false), candidate()], 5) == [0, 5])
    }

    @Test(
        "one that ramps up takes part only so often as its share says",
        arguments: [
            BalancePolicy.Rule.roundRobin, .leastSessions, .randomTwo,
        ])
    func slowStart(_ rule: BalancePolicy.Rule) {
        // Empty beside a full one: without the ramp, least sessions would send everything there.
        let picks = tally(rule, [candidate(1, 1000), candidate(1, 0, ramp: 0.1)], 2000)
        #expect(picks[1] > 50 && picks[1] < 260, "\(picks)")
        #expect(tally(rule, [candidate(1, 0, ramp: 0.1)], 10) == [10])
        #expect(tally(rule, [candidate(1, 0, usable: false), candidate(1, 0, ramp: 0.1)], 10) == [0, 10])
    }
}
