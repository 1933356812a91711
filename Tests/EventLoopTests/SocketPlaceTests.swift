import Testing

@testable import EventLoop

@Suite("A socket's place")
struct SocketPlaceTests {
    private func budget(clients: Int) -> SocketBudget {
        let budget = SocketBudget()
        budget.limits = SocketBudget.Limits(all: 10, clients: clients)
        return budget
    }

    @Test("is taken once and given back once, however often that is asked")
    func once() {
        let budget = budget(clients: 1)
        var place = SocketPlace(isClient: true)
        place.leave(budget)
        #expect(budget.clients == 0)
        let isIn = [place.enterClient(budget), place.enterClient(budget)]
        #expect(isIn == [true, true])
        #expect(budget.clients == 1)
        place.leave(budget)
        place.leave(budget)
        #expect(budget.clients == 0)
    }

    @Test("is not to be had where all are taken")
    func full() {
        let budget = budget(clients: 1)
        var first = SocketPlace(isClient: true)
        var second = SocketPlace(isClient: true)
        let areIn = [first.enterClient(budget), second.enterClient(budget)]
        #expect(areIn == [true, false])
        second.leave(budget)
        #expect(budget.clients == 1)
    }

    @Test("of a backend is counted with those of backends")
    func backend() throws {
        let budget = budget(clients: 1)
        try budget.enterBackend()
        var place = SocketPlace(isClient: false, isTaken: true)
        place.leave(budget)
        #expect(budget.backends == 0)
        #expect(budget.clients == 0)
    }

    @Test("that was handed on is the other's to give back")
    func handedOn() {
        let budget = budget(clients: 1)
        var place = SocketPlace(isClient: true)
        let steps = [place.moveOut(), place.enterClient(budget), place.moveOut()]
        #expect(steps == [false, true, true])
        place.leave(budget)
        #expect(budget.clients == 1)
    }
}
