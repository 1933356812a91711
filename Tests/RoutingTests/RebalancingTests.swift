import Routing
import Testing

@Suite("Rebalancing")
struct RebalancingTests {
    private func excess(_ loads: [(Double, Int, Bool)]) -> [Int] {
        Rebalancing.excess(loads.map { .init(weight: $0.0, sessions: $0.1, isUsable: $0.2) })
    }

    @Test("the overfull shed what is beyond their share, the rest nothing")
    func sheds() {
        #expect(excess([(1, 100, true), (1, 100, true), (1, 0, true)]) == [33, 33, 0])
        #expect(excess([(3, 100, true), (1, 0, true)]) == [25, 0])
    }

    @Test("within the tolerance nobody moves")
    func tolerates() {
        #expect(excess([(1, 104, true), (1, 96, true)]) == [0, 0])
        #expect(excess([(1, 2, true), (1, 0, true)]) == [0, 0])
        #expect(excess([]) == [] && excess([(1, 50, true)]) == [0])
    }

    @Test("those that are on their way are not replaced by others, and each worker moves its own")
    func underWay() {
        #expect(Rebalancing.left(of: 10, sessions: 20, own: 20, leaving: 0) == 10)
        #expect(Rebalancing.left(of: 10, sessions: 20, own: 20, leaving: 4) == 6)
        #expect(Rebalancing.left(of: 10, sessions: 20, own: 5, leaving: 1) == 1.5)
        #expect(Rebalancing.left(of: 3, sessions: 13, own: 13, leaving: 9) == 0)
        #expect(Rebalancing.left(of: 3, sessions: 0, own: 2, leaving: 0) == 3)
    }

    @Test("a backend that gets nothing new neither sheds nor counts")
    func out() {
        #expect(excess([(1, 100, true), (1, 100, true), (1, 500, false)]) == [0, 0, 0])
    }

    @Test("one that ramps up asks for no more than it would be given")
    func ramps() {
        #expect(excess([(1, 110, true), (0.1, 0, true)]) == [0, 0])
    }
}
