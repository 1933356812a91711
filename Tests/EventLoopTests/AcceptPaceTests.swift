import Testing

@testable import EventLoop

@Suite("How many connections are taken at once")
struct AcceptPaceTests {
    @Test("one that comes alone is taken alone, whatever was before")
    func alone() {
        var pace = AcceptPace()
        #expect([1, 3, 5, 90].map { pace.ready(in: $0) } == [1, 1, 1, 1])
        #expect(pace.ready(in: 91) == 2)
        #expect(pace.ready(in: 93) == 1)
    }

    @Test("in a storm twice as many each turn, up to a bound, also where the numbers of turns begin anew")
    func storm() {
        var pace = AcceptPace()
        let first = UInt64.max - 3
        #expect((0..<9).map { pace.ready(in: first &+ $0) } == [1, 2, 4, 8, 16, 32, 64, 64, 64])
    }
}
