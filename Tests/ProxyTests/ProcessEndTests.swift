import Testing

@testable import Proxy

@Suite("How a process ends")
struct ProcessEndTests {
    @Test("it drains, and is over with its last worker")
    func drains() {
        var end = ProcessEnd()
        let early = end.workerDrained()
        #expect(!end.isUnderWay && !end.isLingering && !early)
        #expect(end.drains(workers: 2) == .begins && end.isUnderWay && !end.isLingering)
        #expect(end.drains(workers: 2) == .ignored)
        let outcomes = (0..<3).map { _ in end.workerDrained() }
        #expect(outcomes == [false, true, false])
    }

    @Test("it lingers; a drain then waits for the workers that are left")
    func lingers() {
        var end = ProcessEnd()
        end.lingers(workers: 3)
        #expect(end.isLingering && end.isUnderWay)
        let first = end.workerDrained()
        #expect(!first && end.drains(workers: 3) == .followsLinger && !end.isLingering)
        let rest = (0..<2).map { _ in end.workerDrained() }
        #expect(rest == [false, true])
    }

    @Test("it lingers until its last session has ended")
    func lingersOut() {
        var end = ProcessEnd()
        end.lingers(workers: 1)
        let isOver = end.workerDrained()
        #expect(isOver)
    }

    @Test("only a second order that insists ends it at once")
    func orders() {
        for (orders, expected) in [
            ([true, true], [false, true]), ([true, false, true], [false, false, true]),
            ([false, true], [false, true]), ([false, false], [false, false]),
        ] {
            var end = ProcessEnd()
            let outcomes = orders.map { end.ordered(insists: $0) }
            #expect(outcomes == expected)
        }
    }

    @Test("a successor is remembered")
    func successor() {
        var end = ProcessEnd()
        #expect(!end.hasSuccessor)
        end.succeeded()
        #expect(end.hasSuccessor && !end.isUnderWay)
    }
}
