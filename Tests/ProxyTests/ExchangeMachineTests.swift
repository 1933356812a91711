import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("How a plain request and its answer pass")
struct ExchangeMachineTests {
    private static let limits = ExchangeLimits(
        bodyBytes: 1_000_000, requestSilence: 100, answerSilence: 70, answer: 500, slowConsumer: 40)

    private enum Event {
        case asked, unasked, body(Int), bodyEnded, bodyPaused(Bool), backendFlushed
        case interim(Bool), began(Bool), answer, ended, paused(Bool, Bool), clientFlushed
        case fired(ExchangeTimer), failed(Fault), cancelled
    }

    /// A machine, and the time.
    private struct World: ~Copyable {
        var machine: ExchangeMachine
        var outflow = Outflow()

        init(isWhole: Bool, _ limits: ExchangeLimits) {
            machine = ExchangeMachine(isWhole: isWhole, limits)
        }

        mutating func happens(_ event: Event, at now: UInt64) -> OnExchange {
            let outflow = self.outflow
            switch event {
            case .asked: return machine.asked(at: now) { outflow }
            case .unasked: return machine.unasked()
            case .body(let count): return machine.bodyReceived(count, at: now)
            case .bodyEnded: return machine.bodyEnded { outflow }
            case .bodyPaused(let isFull): return machine.bodyPaused(isFull: isFull, at: now)
            case .backendFlushed: return machine.backendFlushed(at: now)
            case .interim(let isFull): return machine.interim(isFull: isFull)
            case .began(let isEndless): return machine.answerBegan(isEndless: isEndless, at: now)
            case .answer: return machine.answerReceived(at: now)
            case .ended: return machine.answerEnded()
            case .paused(let isFull, let keepsAlive):
                return machine.answerPaused(isFull: isFull, keepsAlive: keepsAlive, at: now)
            case .clientFlushed: return machine.clientFlushed(at: now)
            case .fired(let timer): return machine.timerFired(timer, at: now) { _ in outflow }
            case .failed(let fault): return machine.failed(fault)
            case .cancelled: return machine.cancelled()
            }
        }
    }

    private static func arm(_ timer: ExchangeTimer, _ delay: UInt64) -> OnExchange.Arm {
        OnExchange.Arm(timer: timer, delay: delay)
    }

    private static func end(_ end: ExchangeEnd) -> OnExchange { OnExchange(disarms: .all, step: .end(end)) }

    /// Each event at its time, and what is decided then.
    private static func expect(
        _ rows: [(UInt64, Event, OnExchange)], isWhole: Bool, limits: ExchangeLimits = limits,
        at location: SourceLocation = #_sourceLocation
    ) {
        var world = World(isWhole: isWhole, limits)
        for (now, event, expected) in rows {
            let decision = world.happens(event, at: now)
            #expect(decision == expected, "\(event) at \(now)", sourceLocation: location)
        }
    }

    @Test("a request without a body: sent, answered, the next one may come")
    func whole() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush)),
                (5, .interim(false), OnExchange(step: .pass)),
                (
                    9, .began(false),
                    OnExchange(
                        disarms: [.answer, .silence], arm: Self.arm(.silence, 70), step: .pass)
                ),
                (10, .answer, OnExchange(step: .pass)),
                (10, .paused(false, true), OnExchange()),
                (11, .ended, OnExchange(disarms: [.silence, .client], step: .pass)),
                (11, .paused(false, true), Self.end(.next)),
                (12, .paused(false, true), OnExchange()),
            ], isWhole: true)
    }

    @Test("a request with a body: it is wanted, passed on, and the answer is awaited behind it")
    func body() {
        Self.expect(
            [
                (0, .body(3), OnExchange()),
                (1, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (2, .body(3), OnExchange(step: .pass)),
                (2, .bodyPaused(false), OnExchange()),
                (
                    3, .bodyEnded,
                    OnExchange(disarms: .silence, arm: Self.arm(.answer, 500), step: .pass)
                ),
                (4, .body(3), OnExchange()), (4, .bodyEnded, OnExchange()),
                (5, .began(true), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (6, .ended, OnExchange(disarms: [.silence, .client], step: .pass)),
                (6, .paused(true, false), Self.end(.last)),
            ], isWhole: false)
    }

    @Test("an answer before the end of its request is passed on, and leaves no beginning for the next one")
    func early() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (1, .body(3), OnExchange(step: .pass)),
                (
                    2, .began(false),
                    OnExchange(
                        disarms: [.answer, .silence], arm: Self.arm(.silence, 70), step: .pass)
                ),
                // The rest goes on to the backend, and no answer is awaited behind it.
                (3, .body(3), OnExchange(step: .pass)),
                (4, .ended, OnExchange(disarms: [.silence, .client], step: .pass)),
                (4, .paused(false, true), Self.end(.last)),
            ], isWhole: false)
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (1, .began(true), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (2, .bodyEnded, OnExchange(step: .pass)),
                (4, .ended, OnExchange(disarms: [.silence, .client], step: .pass)),
                (4, .paused(false, true), Self.end(.next)),
            ], isWhole: false)
    }

    @Test("a full side pauses the other, until it has taken all")
    func full() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (1, .bodyPaused(true), OnExchange(arm: Self.arm(.backend, 10), step: .pause(.client))),
                (2, .bodyPaused(true), OnExchange()),
                (3, .backendFlushed, OnExchange(disarms: .backend, step: .resume(.client))),
                (4, .backendFlushed, OnExchange()),
                (5, .began(true), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (6, .paused(true, true), OnExchange(arm: Self.arm(.client, 10), step: .pause(.backend))),
                (7, .paused(true, true), OnExchange()),
                (8, .clientFlushed, OnExchange(disarms: .client, step: .resume(.backend))),
                (9, .clientFlushed, OnExchange()),
            ], isWhole: false)
    }

    @Test("nobody is asked for more of a body that has ended when its backend has room again")
    func fullAtTheEnd() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (1, .bodyPaused(true), OnExchange(arm: Self.arm(.backend, 10), step: .pause(.client))),
                (2, .bodyEnded, OnExchange(disarms: .silence, arm: Self.arm(.answer, 500), step: .pass)),
                (3, .backendFlushed, OnExchange(disarms: .backend)),
            ], isWhole: false)
    }

    @Test("interim answers stop where the client has no room for them, and behind the final one")
    func interim() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush)),
                (1, .interim(true), OnExchange()),
                (1, .interim(false), OnExchange(step: .pass)),
                (1, .paused(true, true), OnExchange(arm: Self.arm(.client, 10), step: .pause(.backend))),
                (2, .interim(false), OnExchange()),
                (3, .clientFlushed, OnExchange(disarms: .client, step: .resume(.backend))),
                (4, .interim(false), OnExchange(step: .pass)),
                (5, .began(true), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (6, .interim(false), OnExchange()),
                (7, .began(true), OnExchange()),
            ], isWhole: true)
    }

    @Test("a body over the limit is refused, and broken off behind an answer")
    func tooLarge() {
        let fault = Fault(.requestTooLarge(limit: 10))
        var limits = Self.limits
        limits.bodyBytes = 10
        let asked = (UInt64(0), Event.asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody))
        let began = (UInt64(1), Event.began(true), OnExchange(disarms: [.answer, .silence], step: .pass))
        let piece = (UInt64(2), Event.body(10), OnExchange(step: .pass))
        Self.expect(
            [asked, piece, (3, .body(1), Self.end(.refuse(fault)))], isWhole: false, limits: limits)
        Self.expect(
            [asked, began, piece, (3, .body(.max), Self.end(.broken(fault)))], isWhole: false,
            limits: limits)
    }

    @Test("a failure is told before the answer has begun, and breaks it off afterwards")
    func failures() {
        let asked = (UInt64(0), Event.asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush))
        let began = (UInt64(1), Event.began(true), OnExchange(disarms: [.answer, .silence], step: .pass))
        let lost = Fault(.brokenOff, .ended)
        Self.expect([(1, .failed(lost), Self.end(.refuse(lost)))], isWhole: true)
        Self.expect([asked, (2, .failed(lost), Self.end(.refuse(lost)))], isWhole: true)
        Self.expect([asked, began, (2, .failed(lost), Self.end(.broken(lost)))], isWhole: true)
        let stalls = Fault(.clientStalls)
        Self.expect([asked, (2, .failed(stalls), Self.end(.broken(stalls)))], isWhole: true)
        Self.expect(
            [asked, (2, .cancelled, OnExchange(disarms: .all)), (3, .failed(lost), OnExchange())],
            isWhole: true)
    }

    @Test("a request that its backend has not seen is asked anew")
    func again() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush)),
                (1, .unasked, OnExchange(disarms: .all)),
                (2, .fired(.answer), OnExchange()),
                (3, .asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush)),
            ], isWhole: true)
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (1, .unasked, OnExchange(disarms: .all)),
                (2, .body(1), OnExchange()),
                (3, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                // Who was full of it is full no longer.
                (4, .bodyPaused(true), OnExchange(arm: Self.arm(.backend, 10), step: .pause(.client))),
                (5, .unasked, OnExchange(disarms: .all, step: .resume(.client))),
                (6, .backendFlushed, OnExchange()),
            ], isWhole: false)
    }

    @Test("a body that comes steadily is never late, however long it takes; one that stops is")
    func slowBody() {
        var rows: [(UInt64, Event, OnExchange)] = [
            (10, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
            (109, .fired(.silence), OnExchange(arm: Self.arm(.silence, 1))),
        ]
        for now: UInt64 in stride(from: 109, through: 1000, by: 50) {
            rows.append((now, .body(1), OnExchange(step: .pass)))
            rows.append((now + 49, .fired(.silence), OnExchange(arm: Self.arm(.silence, 51))))
        }
        rows.append((1109, .fired(.silence), Self.end(.refuse(Fault(.slowBody)))))
        Self.expect(rows, isWhole: false)
    }

    @Test("an answer may take as long as it likes, but not stop, unless it is endless")
    func slowAnswer() {
        let asked = (UInt64(0), Event.asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush))
        let began = (
            UInt64(1000), Event.began(false),
            OnExchange(disarms: [.answer, .silence], arm: Self.arm(.silence, 70), step: .pass)
        )
        Self.expect(
            [
                asked, began, (1060, .answer, OnExchange(step: .pass)),
                (1070, .fired(.silence), OnExchange(arm: Self.arm(.silence, 60))),
                (1130, .fired(.silence), Self.end(.broken(Fault(.answerStalls)))),
            ], isWhole: true)
        Self.expect(
            [
                asked, (1, .began(true), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (.max, .fired(.silence), OnExchange()),
            ], isWhole: true)
    }

    @Test("a side that is not read can't be late: its time begins when it is read again")
    func held() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.silence, 100), step: .wantBody)),
                (10, .bodyPaused(true), OnExchange(arm: Self.arm(.backend, 10), step: .pause(.client))),
                (900, .fired(.silence), OnExchange(arm: Self.arm(.silence, 100))),
                (950, .backendFlushed, OnExchange(disarms: .backend, step: .resume(.client))),
                (1000, .fired(.silence), OnExchange(arm: Self.arm(.silence, 50))),
                (
                    1000, .began(false),
                    OnExchange(disarms: [.answer, .silence], arm: Self.arm(.silence, 70), step: .pass)
                ),
                // An answer may wait for the rest of its request.
                (1001, .bodyPaused(true), OnExchange(arm: Self.arm(.backend, 10), step: .pause(.client))),
                (3000, .fired(.silence), OnExchange(arm: Self.arm(.silence, 70))),
                (3001, .backendFlushed, OnExchange(disarms: .backend, step: .resume(.client))),
                (3010, .paused(true, true), OnExchange(arm: Self.arm(.client, 10), step: .pause(.backend))),
                (9000, .fired(.silence), OnExchange(arm: Self.arm(.silence, 70))),
                (9000, .clientFlushed, OnExchange(disarms: .client, step: .resume(.backend))),
                (9070, .fired(.silence), Self.end(.broken(Fault(.answerStalls)))),
            ], isWhole: false)
    }

    @Test("without limits nothing is waited for")
    func unlimited() {
        Self.expect(
            [
                (0, .asked, OnExchange(step: .wantBody)),
                (1, .body(.max), OnExchange(step: .pass)), (1, .body(.max), OnExchange(step: .pass)),
                (2, .bodyPaused(true), OnExchange(step: .pause(.client))),
                (3, .bodyEnded, OnExchange(disarms: .silence, step: .pass)),
                (4, .began(false), OnExchange(disarms: [.answer, .silence], step: .pass)),
                (5, .paused(true, true), OnExchange(step: .pause(.backend))),
                (.max, .fired(.silence), OnExchange()),
            ], isWhole: false, limits: ExchangeLimits())
    }

    @Test("a backend that is still taking the request can't answer it")
    func largeBody() {
        var world = World(isWhole: false, Self.limits)
        world.outflow = Outflow(left: 100_000, end: 100_000, unsent: 50_000)
        for event in [Event.asked, .body(100_000), .bodyEnded] { _ = world.happens(event, at: 0) }
        world.outflow.acknowledged = 20_000
        world.outflow.unsent = 0
        let delivers = world.happens(.fired(.answer), at: 500)
        #expect(delivers == OnExchange(arm: Self.arm(.answer, 500)))
        let stands = world.happens(.fired(.answer), at: 1000)
        #expect(stands == Self.end(.refuse(Fault(.noAnswer(hasBegun: false)))))
    }

    @Test("an answer is not due as long as its backend is not read")
    func unread() {
        Self.expect(
            [
                (0, .asked, OnExchange(arm: Self.arm(.answer, 500), step: .flush)),
                (1, .paused(true, true), OnExchange(arm: Self.arm(.client, 10), step: .pause(.backend))),
                (500, .fired(.answer), OnExchange(arm: Self.arm(.answer, 500))),
                (501, .clientFlushed, OnExchange(disarms: .client, step: .resume(.backend))),
                (1000, .fired(.answer), Self.end(.refuse(Fault(.noAnswer(hasBegun: false))))),
            ], isWhole: true)
    }

    @Test("a side that takes nothing of what waits is given up, whichever it is")
    func stalls() {
        for (event, timer, fault) in [
            (Event.bodyPaused(true), ExchangeTimer.backend, Fault(.backendStalls)),
            (.paused(true, true), .client, Fault(.clientStalls)),
        ] {
            var world = World(isWhole: false, Self.limits)
            world.outflow = Outflow(held: 10)
            for event in [Event.asked, event] { _ = world.happens(event, at: 0) }
            let first = world.happens(.fired(timer), at: 10)
            #expect(first == OnExchange(arm: Self.arm(timer, 40)))
            let stalled = world.happens(.fired(timer), at: 50)
            #expect(stalled == Self.end(timer == .client ? .broken(fault) : .refuse(fault)))
        }
    }

    @Test("what is under way is told, and whether more of the request comes")
    func phases() {
        let rows: [(Bool, [Event], Fault.Phase?, Bool, Bool)] = [
            (true, [], nil, false, true), (false, [], nil, false, false),
            (true, [.asked], .response, false, true), (false, [.asked], .body, true, false),
            (false, [.asked, .bodyEnded], .response, false, true),
            (false, [.asked, .began(true)], .answer, true, false),
            (true, [.asked, .began(true), .ended], .answer, false, true),
            (false, [.asked, .cancelled], .answer, false, false),
            (true, [.asked, .cancelled], .answer, false, true),
        ]
        for (isWhole, events, phase, takesBody, isRequestWhole) in rows {
            var world = World(isWhole: isWhole, Self.limits)
            for event in events { _ = world.happens(event, at: 0) }
            let found = (world.machine.phase, world.machine.takesBody, world.machine.isRequestWhole)
            #expect(found.0 == phase && found.1 == takesBody && found.2 == isRequestWhole, "\(events)")
        }
    }
}
