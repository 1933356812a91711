import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("How a session ends")
struct SessionMachineTests {
    private static let limit: UInt64 = 5_000
    private let bye = ClosePayload(.normal, "bye")
    private let backendLost = ClosePayload(.internalError, "backend connection lost")

    private func machine() -> SessionMachine {
        SessionMachine(
            client: .open(isMidFrame: false), backend: .open(isMidFrame: false), closingWithin: Self.limit)
    }

    private func feedsClient() -> SessionMachine {
        SessionMachine(
            client: .open(isMidFrame: false), backend: .absent(since: 0), closingWithin: Self.limit)
    }

    /// The end has begun, and half the time is left to the first look.
    private func begun(client: SideOrder = .none, backend: SideOrder = .none) -> SessionOrders {
        SessionOrders(beginsEnd: true, client: client, backend: backend, deadline: Self.limit / 2)
    }

    // MARK: Close

    @Test("a Close is carried across, and its answer back; then both ends are awaited")
    func carriedAcross() {
        var machine = machine()
        #expect(machine.received(bye, from: .client, at: 0) == begun(backend: SideOrder(close: bye)))
        #expect(
            machine.ending == SessionEnding(by: .client, code: .normal, reason: "bye", cause: .close))
        // What the backend says before its answer is still passed on.
        #expect(machine.gate(.client).contains(.takesData) && !machine.gate(.client).contains(.hears))
        #expect(machine.gate(.backend) == [.hears, .isConnected])
        #expect(
            machine.received(bye, from: .backend, at: 1)
                == SessionOrders(
                    client: SideOrder(close: bye, isAnswer: true, finishes: true, reads: true),
                    backend: SideOrder(reads: true)))
        #expect(machine.ended(.backend, nil, isSettled: true, at: 2) == SessionOrders(backend: .cut))
        #expect(
            machine.ended(.client, nil, isSettled: true, at: 3)
                == SessionOrders(client: .cut, isOver: true))
    }

    @Test("the backend's Close is carried to the client; the backend closes its own connection first")
    func backendCloses() {
        var machine = machine()
        #expect(machine.received(bye, from: .backend, at: 0) == begun(client: SideOrder(close: bye)))
        #expect(
            machine.received(.empty, from: .client, at: 1)
                == SessionOrders(
                    client: SideOrder(finishes: true, reads: true),
                    backend: SideOrder(close: .empty, isAnswer: true, reads: true)))
        #expect(machine.ending?.by == .backend)
    }

    @Test("two Closes that cross are one handshake for each")
    func crossing() {
        var machine = machine()
        _ = machine.received(bye, from: .client, at: 0)
        let theirs = ClosePayload(.goingAway, "")
        #expect(
            machine.received(theirs, from: .backend, at: 0)
                == SessionOrders(
                    client: SideOrder(close: theirs, isAnswer: true, finishes: true, reads: true),
                    backend: SideOrder(reads: true)))
        #expect(machine.received(bye, from: .client, at: 1) == .none)
    }

    @Test("a client that ends its stream with its Close gets ours, and is closed when that has gone")
    func lastWord() {
        var machine = machine()
        _ = machine.received(bye, from: .client, at: 0)
        #expect(machine.ended(.client, nil, isSettled: true, at: 1) == .none)
        #expect(machine.received(bye, from: .backend, at: 2).client.settles)
        #expect(machine.settled(.client, at: 3) == SessionOrders(client: .cut))
        #expect(machine.settled(.client, at: 3) == .none)
    }

    @Test("an end in order waits for what was said before it")
    func unsettled() {
        var machine = feedsClient()
        _ = machine.received(bye, from: .client, at: 0)
        #expect(machine.ended(.client, nil, isSettled: false, at: 1) == .none)
        #expect(machine.settled(.client, at: 2) == SessionOrders(client: .cut, isOver: true))
    }

    // MARK: Loss

    @Test("a client that is lost takes the backend's connection with it, without a Close")
    func clientLost() {
        var machine = machine()
        #expect(
            machine.ended(.client, .connectionLost("reset"), isSettled: true, at: 0)
                == SessionOrders(client: .cut, backend: .cut, isOver: true))
        #expect(
            machine.ending == SessionEnding(by: .client, code: nil, cause: .connectionLost("reset")))
        #expect(machine.gate(.client) == [] && machine.gate(.backend) == [])
    }

    @Test("a client whose backend is lost is told, unless half a frame stands before it")
    func backendIsLost() {
        var machine = machine()
        #expect(
            machine.ended(.backend, nil, isSettled: true, at: 0)
                == begun(client: SideOrder(close: backendLost), backend: .cut))
        var half = self.machine()
        half.frameBegins(towards: .client)
        #expect(
            half.ended(.backend, nil, isSettled: true, at: 0)
                == SessionOrders(client: .cut, backend: .cut, isOver: true))
    }

    @Test("a client that waits for its answer gets its own Close back when the backend is lost")
    func lostWhileClosing() {
        var machine = machine()
        _ = machine.received(bye, from: .client, at: 0)
        #expect(
            machine.ended(.backend, .connectionLost(""), isSettled: true, at: 1)
                == SessionOrders(
                    client: SideOrder(close: bye, isAnswer: true, finishes: true, reads: true),
                    backend: .cut))
    }

    @Test("one that is given up is closed by the proxy")
    func givenUp() {
        var machine = machine()
        _ = machine.ended(.backend, .pongTimeout, isSettled: false, at: 0)
        #expect(machine.ending == SessionEnding(by: .proxy, code: nil, cause: .pongTimeout))
    }

    // MARK: Violations

    @Test("the answers to what a client sent before its mistake come before it is told")
    func answersFirst() {
        var machine = machine()
        let words = ClosePayload(.goingAway, "client broke the protocol")
        #expect(
            machine.violated(.missingMask, by: .client, at: 0)
                == SessionOrders(
                    beginsEnd: true, backend: SideOrder(close: words), deadline: Self.limit))
        #expect(machine.gate(.client) == [.takesData, .isConnected])
        let told = SideOrder(
            close: ClosePayload(.protocolError, "unmasked frame from a client"), finishes: true)
        #expect(
            machine.received(words, from: .backend, at: 7)
                == SessionOrders(client: told, deadline: Self.limit / 2))
        #expect(machine.deadlinePassed(at: 7 + Self.limit, getsOn: false).isOver)
    }

    @Test("answers are awaited for a second at most, and no longer than a close may take")
    func answersBounded() {
        for (limit, wait) in [(0, 1), (5_000, 5_000), (60_000_000_000, 1_000_000_000)] as [(UInt64, UInt64)] {
            var machine = SessionMachine(
                client: .open(isMidFrame: false), backend: .open(isMidFrame: false), closingWithin: limit)
            #expect(machine.violated(.invalidUTF8, by: .client, at: 0).deadline == wait)
            let orders = machine.deadlinePassed(at: wait, getsOn: true)
            #expect(orders.backend == .cut && orders.client.close?.code == .invalidPayload)
            #expect(orders.client.finishes && !orders.isOver)
        }
    }

    @Test("with half a frame at the backend nothing can be asked of it")
    func violationInFrame() {
        var machine = machine()
        machine.frameBegins(towards: .backend)
        let told = SideOrder(close: ClosePayload(.invalidPayload, "text is not UTF-8"), finishes: true)
        #expect(
            machine.violated(.invalidUTF8, by: .client, at: 0)
                == begun(client: told, backend: .cut))
    }

    @Test("a backend that breaks the protocol is told why, and its client that it is not to blame")
    func backendViolates() {
        var machine = machine()
        #expect(
            machine.violated(.unexpectedMask, by: .backend, at: 0)
                == begun(
                    client: SideOrder(close: ClosePayload(.internalError, "backend broke the protocol")),
                    backend: SideOrder(
                        close: ClosePayload(.protocolError, "masked frame from a server"), finishes: true)))
        var half = self.machine()
        half.frameBegins(towards: .client)
        let orders = half.violated(.unexpectedMask, by: .backend, at: 0)
        // It is told in the same breath.
        #expect(orders.backend.close != nil && orders.backend.isCut && orders.client == .cut)
        #expect(orders.isOver && orders.deadline == nil)
    }

    @Test("want of memory is nobody's violation")
    func outOfMemory() {
        for side in SessionSide.allCases {
            var machine = machine()
            _ = machine.violated(.outOfMemory, by: side, at: 0)
            #expect(machine.ending?.by == .proxy)
        }
    }

    // MARK: Absence

    @Test("where the backend is absent each Close is answered, each mistake told at once, each loss the end")
    func absent() {
        var closed = feedsClient()
        #expect(
            closed.received(bye, from: .client, at: 0)
                == begun(client: SideOrder(close: bye, isAnswer: true, finishes: true, reads: true)))
        var wrong = feedsClient()
        let orders = wrong.violated(.missingMask, by: .client, at: 0)
        #expect(orders.client.close?.code == .protocolError && orders.client.finishes)
        #expect(orders.backend == .none && orders.deadline == Self.limit / 2)
        var lost = feedsClient()
        #expect(
            lost.ended(.client, nil, isSettled: true, at: 0) == SessionOrders(client: .cut, isOver: true))
        #expect(lost.ending == SessionEnding(by: .client, code: nil, cause: .connectionLost("")))
    }

    // MARK: Time

    @Test("an end that gets on is waited for, twelve times the limit at most")
    func bound() {
        var machine = machine()
        var now: UInt64 = 0
        var wait = machine.received(bye, from: .client, at: now).deadline
        while let next = wait {
            now += next
            wait = machine.deadlinePassed(at: now, getsOn: true).deadline
        }
        #expect(now > 11 * Self.limit && now <= 12 * Self.limit && machine.gate(.client) == [])
    }

    @Test("a drain that is planned may be taken back, and one that ends is not drained")
    func draining() {
        var machine = machine()
        #expect(machine.drainDue(code: .goingAway, hint: 7, at: 0) == .none)
        #expect(machine.plans(.ordered) && machine.plannedDrain == .ordered)
        _ = machine.stays()
        #expect(machine.plannedDrain == nil && machine.drainDue(code: .goingAway, hint: 7, at: 0) == .none)
        #expect(machine.plans(.process) == true)
        let payload = ClosePayload(.goingAway, "service restarts; retry-after-ms=7")
        #expect(
            machine.drainDue(code: .goingAway, hint: 7, at: 0)
                == begun(client: SideOrder(close: payload), backend: SideOrder(close: payload)))
        #expect(!machine.plans(.ordered) && machine.plannedDrain == nil)
        _ = machine.stays()
        #expect(machine.isEnding && machine.ending?.cause == .drain(.process))
    }

    @Test("who is not to be here any more doesn't stay because a drain is taken back or ordered")
    func firm() {
        var machine = machine()
        let end = DrainCause.access(AccessEnd(cause: .revoked, code: 4401))
        #expect(machine.plans(.ordered) && machine.plans(end))
        #expect(!machine.stays() && machine.plannedDrain == end)
        #expect(!machine.plans(.ordered) && !machine.plans(.rebalancing) && machine.plannedDrain == end)
        let closed = DrainCause.closed(.init())
        #expect(machine.plans(closed) && machine.plannedDrain == closed)
        // When it ends is the process's affair then, and not what it is told.
        #expect(machine.plans(.process) && machine.plannedDrain == closed)
        #expect(machine.plans(.successor) && machine.plannedDrain == closed)
    }

    @Test("an idle session is closed on both sides, and held until a frame has ended")
    func idle() {
        var machine = machine()
        machine.frameBegins(towards: .client)
        let payload = ClosePayload(.goingAway, "idle for too long")
        #expect(machine.idle(at: 0) == begun(backend: SideOrder(close: payload)))
        #expect(machine.idle(at: 1) == .none)
        #expect(machine.frameEnds(towards: .client) == SideOrder(close: payload))
    }

    // MARK: Sides that come and go

    @Test("a backend that is told that it is left is heard until its own Close, and the session goes on")
    func parts() {
        var machine = machine()
        let away = ClosePayload(.serviceRestart, "moved")
        #expect(machine.parts(saying: away) == SideOrder(close: away))
        #expect(machine.parts(saying: away) == SideOrder.none)
        #expect(!machine.isEnding && machine.gate(.backend) == [.hears, .isConnected])
        #expect(machine.leaves(.backend, at: 1) == true)
        #expect(machine.gate(.backend) == [] && machine.gate(.client) == .open)
        #expect(machine.joins(.backend) == true)
        #expect(machine.joins(.backend) == false)
        #expect(machine.gate(.backend) == .open)
        // All is as with the first one.
        #expect(machine.received(bye, from: .client, at: 2) == begun(backend: SideOrder(close: bye)))
    }

    @Test("a backend's own Close is answered without an end of the session")
    func partsAnswering() {
        var machine = machine()
        #expect(machine.partsAnswering(bye) == SideOrder(close: bye, isAnswer: true))
        #expect(machine.partsAnswering(bye) == nil)
        #expect(!machine.isEnding && machine.gate(.backend) == .isConnected)
    }

    @Test("while there is no backend a client's Close is answered here, and an end is its end")
    func backendIsAbsent() {
        var closing = machine()
        _ = closing.leaves(.backend, at: 0)
        #expect(
            closing.received(bye, from: .client, at: 1)
                == begun(client: SideOrder(close: bye, isAnswer: true, finishes: true, reads: true)))
        var lost = machine()
        _ = lost.leaves(.backend, at: 0)
        #expect(lost.ended(.client, .connectionLost("x"), isSettled: true, at: 1).isOver)
    }

    @Test("once the session ends no side comes or goes")
    func noMoveWhileEnding() {
        var machine = machine()
        _ = machine.received(bye, from: .client, at: 0)
        #expect(machine.parts(saying: bye) == nil)
        #expect(machine.partsAnswering(bye) == nil)
        #expect(machine.leaves(.backend, at: 1) == false)
        #expect(machine.joins(.backend) == false)
    }
}
