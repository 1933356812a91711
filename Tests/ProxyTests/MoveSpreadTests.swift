import Testing

@testable import Proxy

@Suite("How sessions that lose a backend together are spread")
struct MoveSpreadTests {
    @Test(
        "by what is left, within half a second",
        arguments: [
            (1, 1, 250_000 as UInt64), (0, 0, 250_000), (400, 1, 100_000_000), (400, 4, 25_000_000),
            (3, 8, 250_000), (2_000, 1, 500_000_000), (2_000, 2, 250_000_000), (.max, 1, 500_000_000),
        ])
    func spread(sessions: Int, backends: Int, longest: UInt64) {
        #expect(MoveSpread.longest(sessions: sessions, backends: backends) == longest)
    }
}
