import Testing

@testable import Proxy

@Suite("An order to drain")
struct DrainOrderTests {
    private func covers(
        _ selection: DrainSelection, route: String = "r", upstream: String = "u", backend: String? = "b:1"
    ) -> Bool {
        DrainOrder(selection, addresses: ["b:1", "b:2"], rate: 1, now: 0)
            .covers(route: route, upstream: upstream, backend: backend)
    }

    @Test("covers what it names and nothing else")
    func selection() {
        #expect(covers(.route("r")) && !covers(.route("r"), route: "x"))
        #expect(covers(.upstream("u")) && !covers(.upstream("u"), upstream: "x"))
        #expect(covers(.backend("b", upstream: nil)) && covers(.backend("b", upstream: "u")))
        #expect(covers(.backend("b", upstream: nil), backend: "b:2"))
        #expect(!covers(.backend("b", upstream: "x")) && !covers(.backend("b", upstream: nil), backend: "c"))
        #expect(!covers(.backend("b", upstream: nil), backend: nil))
    }

    @Test("gives each session the next place, the rate apart, from when it was given")
    func places() {
        let order = DrainOrder(.route("r"), rate: 4, now: 1_000_000_000)
        let delays = (0..<4).map { _ in order.delay(at: 1_000_000_000, jitter: 0) }
        #expect(delays == [0, 250_000_000, 500_000_000, 750_000_000])
        // The fifth is due at two seconds, wherever the clock stands.
        #expect(order.delay(at: 1_900_000_000, jitter: 0) == 100_000_000)
        #expect(order.delay(at: 9_000_000_000, jitter: 0) == 0)
    }

    @Test("jitters within the place only; a rate of nothing is one a second")
    func jitter() {
        let order = DrainOrder(.route("r"), rate: 0, now: 0)
        #expect(order.delay(at: 0, jitter: 1_700_000_000) == 700_000_000)
        #expect(order.delay(at: 0, jitter: 0) == 1_000_000_000)
        let fast = DrainOrder(.route("r"), rate: .max, now: 0)
        #expect(fast.delay(at: 0, jitter: .max) == 0)
    }
}
