import Testing

@testable import EventLoop

@Suite("The budget of sockets")
struct SocketBudgetTests {
    private typealias Limits = SocketBudget.Limits

    @Test(
        "follows the limit on descriptors, and leaves some for files and listeners",
        arguments: [
            (128, 20, Limits(all: 92, clients: 46)),
            (1024, 20, Limits(all: 876, clients: 438)),
            (1 << 20, 20, Limits(all: 1_048_428, clients: 524_214)),
            (16, 40, Limits(all: 2, clients: 1)),
            (-1, 20, Limits(all: .max, clients: .max)),
        ])
    func limits(descriptors: Int, fixed: Int, expected: SocketBudget.Limits) {
        #expect(Limits(descriptors: descriptors, fixed: fixed, most: 0, sharesBackends: false) == expected)
    }

    @Test("gives clients what the configuration says, but no more than there is room for")
    func configured() {
        #expect(Limits(descriptors: 1024, fixed: 20, most: 100, sharesBackends: false).clients == 100)
        #expect(Limits(descriptors: 1024, fixed: 20, most: 5000, sharesBackends: false).clients == 438)
        #expect(Limits(descriptors: 1024, fixed: 20, most: 5000, sharesBackends: true).clients == 767)
        #expect(Limits(descriptors: -1, fixed: 20, most: 7, sharesBackends: true).clients == 7)
    }

    @Test("keeps room for backends that clients can't take, and gives places back")
    func places() throws {
        let budget = SocketBudget()
        budget.limits = Limits(all: 4, clients: 2)
        #expect(budget.enterClient() && budget.enterClient() && !budget.enterClient())
        try budget.enterBackend()
        try budget.enterBackend()
        #expect(throws: SystemError.noDescriptor) { try budget.enterBackend() }
        #expect(budget.clients == 2 && budget.backends == 2)
        budget.leaveClient()
        try budget.enterBackend()
        #expect(!budget.enterClient())
        budget.leaveBackend()
        #expect(budget.enterClient())
    }

    @Test("counts sockets for as long as they are open")
    func sockets() throws {
        let budget = SocketBudget()
        budget.limits = Limits(all: 2, clients: 1)
        let loop = try EventLoop(sockets: budget)
        let acceptor = Acceptor()
        let bound = try BoundListener(
            try #require(SocketAddress(ip: "127.0.0.1", port: 0)), sharesPort: false)
        let address = bound.address
        let listener = ListenerSocket(bound, on: loop, handler: acceptor)
        listener.start()
        let first = try StreamSocket.connect(to: address, on: loop)
        let second = try StreamSocket.connect(to: address, on: loop)
        #expect(throws: SystemError.noDescriptor) { try StreamSocket.connect(to: address, on: loop) }
        #expect(loop.turn { acceptor.sockets.count == 2 })
        second.close()
        #expect(budget.backends == 1)
        #expect(acceptor.sockets[0].enterBudget() && !acceptor.sockets[1].enterBudget())
        // Asking again takes no second place.
        #expect(acceptor.sockets[0].enterBudget() && budget.clients == 1)
        let side = Recorder()
        first.handler = side
        first.resumeReading()
        let word = Array("full\n".utf8)
        acceptor.sockets[0].dismiss(word.span)
        #expect(budget.clients == 0)
        #expect(loop.turn { side.received == word && side.hasEnded })
    }
}
