internal import WebSocketProtocol

/// Decides how a plain request and its answer pass: what goes on, which side is not read as the other is full, who stands
/// still, and what remains for the client's connection at the end. Pure: `Exchange` acts. Times are nanoseconds.
///
/// One clock for both directions: whatever moves in either begins it anew. A side that we don't read can't be late. Once
/// an answer has begun it is what counts: a client that says no more hears it to its end.
struct ExchangeMachine: ~Copyable {
    private typealias Flow = ExchangeFlow
    private typealias Request = ExchangeState.Request
    private typealias Answer = ExchangeState.Answer

    /// A body of more bytes than these may still be under way when an answer is due.
    private static let largeBody = 64 * 1024

    private let limits: ExchangeLimits
    private var state: ExchangeState
    private var bodyBytes = 0
    private var lastMoved: UInt64 = 0

    /// A request that no backend has yet.
    ///
    /// - Parameter isWhole: it has no body.
    init(isWhole: Bool, _ limits: ExchangeLimits) {
        self.limits = limits
        state = .open(.unsent(isWhole: isWhole), .awaited(Flow()))
    }

    // MARK: What is asked

    /// What is under way; nil as long as no backend has the request.
    var phase: Fault.Phase? { state.phase }
    /// Whether the request's body may come now.
    var takesBody: Bool { state.takesBody }
    /// No more of it will come.
    var isRequestWhole: Bool { state.isRequestWhole }
    /// Whether the final answer has not begun.
    var awaitsAnswer: Bool { state.awaitsAnswer }

    // MARK: The request

    /// A backend is there, and has the request's head.
    mutating func asked(at now: UInt64, outflow: () -> Outflow) -> OnExchange {
        guard case .open(.unsent(let isWhole), let answer) = state else { return OnExchange() }
        lastMoved = now
        guard isWhole else {
            state = .open(.streaming(Flow()), answer)
            return OnExchange(arm: arm(.silence, limits.requestSilence), step: .wantBody)
        }
        var flow = Flow()
        let arm = awaitAnswer(&flow, outflow)
        state = .open(.sent(flow), answer)
        return OnExchange(arm: arm, step: .flush)
    }

    /// It has it no longer: it may go to another, or nowhere.
    mutating func unasked() -> OnExchange {
        guard case .open(let request, .awaited) = state else { return OnExchange() }
        state = .open(.unsent(isWhole: isRequestWhole), .awaited(Flow()))
        guard case .streaming(let flow) = request, flow.isHeld else { return OnExchange(disarms: .all) }
        return OnExchange(disarms: .all, step: .resume(.client))
    }

    /// A piece of the request's body.
    mutating func bodyReceived(_ count: Int, at now: UInt64) -> OnExchange {
        guard takesBody, count > 0 else { return OnExchange() }
        lastMoved = now
        let (sum, overflows) = bodyBytes.addingReportingOverflow(count)
        bodyBytes = overflows ? .max : sum
        if limits.bodyBytes > 0, bodyBytes > limits.bodyBytes {
            return failed(Fault(.requestTooLarge(limit: limits.bodyBytes)))
        }
        return OnExchange(step: .pass)
    }

    mutating func bodyEnded(outflow: () -> Outflow) -> OnExchange {
        guard case .open(.streaming(var flow), let answer) = state else { return OnExchange() }
        var decision = OnExchange(step: .pass)
        if case .awaited = answer {
            decision.disarms = .silence
            decision.arm = awaitAnswer(&flow, outflow)
        }
        state = .open(.sent(flow), answer)
        return decision
    }

    /// All of the body that came in this turn has been told.
    ///
    /// - Parameter isFull: too much waits for the backend.
    mutating func bodyPaused(isFull: Bool, at now: UInt64) -> OnExchange {
        guard isFull, case .open(.streaming(var flow), let answer) = state, !flow.isHeld else {
            return OnExchange()
        }
        lastMoved = now
        flow.hold(at: now)
        state = .open(.streaming(flow), answer)
        return OnExchange(arm: firstLook(.backend), step: .pause(.client))
    }

    /// All that was sent to the backend has gone.
    mutating func backendFlushed(at now: UInt64) -> OnExchange {
        switch state {
        case .open(.streaming(var flow), let answer) where flow.isHeld:
            lastMoved = now
            flow.release()
            state = .open(.streaming(flow), answer)
            return OnExchange(disarms: .backend, step: .resume(.client))
        case .open(.sent(var flow), let answer) where flow.isHeld:
            lastMoved = now
            flow.release()
            state = .open(.sent(flow), answer)
            return OnExchange(disarms: .backend)
        case .open, .over: return OnExchange()
        }
    }

    // MARK: The answer

    /// 1xx. One that the client has no room for is left out: it announces an answer and is none (RFC 9110, 15.2).
    mutating func interim(isFull: Bool) -> OnExchange {
        guard !isFull, case .open(_, .awaited(let flow)) = state, !flow.isHeld else { return OnExchange() }
        return OnExchange(step: .pass)
    }

    /// The final one's head.
    ///
    /// - Parameter isEndless: it may be silent for as long as it likes.
    mutating func answerBegan(isEndless: Bool, at now: UInt64) -> OnExchange {
        guard case .open(let request, .awaited(let flow)) = state else { return OnExchange() }
        lastMoved = now
        let silence = isEndless ? 0 : limits.answerSilence
        state = .open(request, .streaming(flow, silence: silence))
        return OnExchange(disarms: [.answer, .silence], arm: arm(.silence, silence), step: .pass)
    }

    /// A piece of its body.
    mutating func answerReceived(at now: UInt64) -> OnExchange {
        guard case .open(_, .streaming) = state else { return OnExchange() }
        lastMoved = now
        return OnExchange(step: .pass)
    }

    mutating func answerEnded() -> OnExchange {
        guard case .open(let request, .streaming) = state else { return OnExchange() }
        state = .open(request, .whole)
        return OnExchange(disarms: [.silence, .client], step: .pass)
    }

    /// All of the answer that came in this turn has been passed on.
    ///
    /// - Parameters:
    ///   - isFull: too much waits for the client.
    ///   - keepsAlive: its connection may serve another request.
    mutating func answerPaused(isFull: Bool, keepsAlive: Bool, at now: UInt64) -> OnExchange {
        guard case .open(let request, var answer) = state else { return OnExchange() }
        switch answer {
        case .whole:
            // A request that was answered before it was complete leaves no beginning for the next one.
            return end(keepsAlive && isRequestWhole ? .next : .last)
        case .awaited(var flow) where isFull && !flow.isHeld:
            flow.hold(at: now)
            answer = .awaited(flow)
        case .streaming(var flow, let silence) where isFull && !flow.isHeld:
            flow.hold(at: now)
            answer = .streaming(flow, silence: silence)
        case .awaited, .streaming: return OnExchange()
        }
        lastMoved = now
        state = .open(request, answer)
        return OnExchange(arm: firstLook(.client), step: .pause(.backend))
    }

    /// All that was written to the client has gone.
    mutating func clientFlushed(at now: UInt64) -> OnExchange {
        guard case .open(let request, var answer) = state else { return OnExchange() }
        switch answer {
        case .awaited(var flow) where flow.isHeld:
            flow.release()
            answer = .awaited(flow)
        case .streaming(var flow, let silence) where flow.isHeld:
            flow.release()
            answer = .streaming(flow, silence: silence)
        case .awaited, .streaming, .whole: return OnExchange()
        }
        lastMoved = now
        state = .open(request, answer)
        return OnExchange(disarms: .client, step: .resume(.backend))
    }

    // MARK: Time

    /// - Parameter outflow: how far what was sent to a side has got.
    mutating func timerFired(
        _ timer: ExchangeTimer, at now: UInt64, outflow: (SessionSide) -> Outflow
    ) -> OnExchange {
        guard case .open(let request, let answer) = state else { return OnExchange() }
        switch timer {
        case .answer: return checkAnswer(request, answer, outflow)
        case .silence: return checkSilence(at: now)
        case .client, .backend: return checkTaking(timer, request, answer, at: now, outflow)
        }
    }

    /// A backend that is still taking the request can't answer it, nor can one be heard that isn't read.
    private mutating func checkAnswer(
        _ request: Request, _ answer: Answer, _ outflow: (SessionSide) -> Outflow
    ) -> OnExchange {
        guard case .sent(var flow) = request, case .awaited(let answers) = answer else {
            return OnExchange()
        }
        let delivers = flow.watch.delivers(outflow(.backend))
        guard delivers || answers.isHeld else { return failed(Fault(.noAnswer(hasBegun: false))) }
        let arm = awaitAnswer(&flow) { outflow(.backend) }
        state = .open(.sent(flow), answer)
        return OnExchange(arm: arm)
    }

    private mutating func checkSilence(at now: UInt64) -> OnExchange {
        guard let wait = state.wait(limits), wait.limit > 0 else { return OnExchange() }
        guard !wait.isHeld else { return OnExchange(arm: arm(.silence, wait.limit)) }
        let passed = now - min(lastMoved, now)
        return passed < wait.limit
            ? OnExchange(arm: arm(.silence, wait.limit - passed)) : failed(wait.fault)
    }

    /// A side that has taken something is slow, not dead.
    private mutating func checkTaking(
        _ timer: ExchangeTimer, _ request: Request, _ answer: Answer, at now: UInt64,
        _ outflow: (SessionSide) -> Outflow
    ) -> OnExchange {
        let verdict: StallWatch.Verdict
        let side: SessionSide = timer == .client ? .client : .backend
        func check(_ flow: inout Flow) -> StallWatch.Verdict {
            flow.watch.check(outflow(side), at: now, limit: limits.slowConsumer)
        }
        switch (side, request, answer) {
        case (.backend, .streaming(var flow), _):
            verdict = check(&flow)
            state = .open(.streaming(flow), answer)
        case (.backend, .sent(var flow), _):
            verdict = check(&flow)
            state = .open(.sent(flow), answer)
        case (.client, _, .awaited(var flow)):
            verdict = check(&flow)
            state = .open(request, .awaited(flow))
        case (.client, _, .streaming(var flow, let silence)):
            verdict = check(&flow)
            state = .open(request, .streaming(flow, silence: silence))
        case (.backend, .unsent, _), (.client, _, .whole): verdict = .idle
        }
        switch verdict {
        case .idle: return OnExchange()
        case .wait(let time): return OnExchange(arm: arm(timer, time))
        case .stalled: return failed(Fault(side == .client ? .clientStalls : .backendStalls))
        }
    }

    // MARK: The end

    /// It can't go on. Before the answer has begun the client is told; after that only a broken connection can say it, and
    /// so it is with one that takes nothing.
    mutating func failed(_ fault: Fault) -> OnExchange {
        guard case .open(_, let answer) = state else { return OnExchange() }
        if case .awaited = answer, fault.kind != .clientStalls { return end(.refuse(fault)) }
        return end(.broken(fault))
    }

    /// The client has gone.
    mutating func cancelled() -> OnExchange {
        guard case .open = state else { return OnExchange() }
        state = .over(isRequestWhole: isRequestWhole)
        return OnExchange(disarms: .all)
    }

    private mutating func end(_ end: ExchangeEnd) -> OnExchange {
        state = .over(isRequestWhole: isRequestWhole)
        return OnExchange(disarms: .all, step: .end(end))
    }

    // MARK: Timers

    private func arm(_ timer: ExchangeTimer, _ delay: UInt64) -> OnExchange.Arm? {
        delay > 0 ? OnExchange.Arm(timer: timer, delay: delay) : nil
    }

    private func firstLook(_ timer: ExchangeTimer) -> OnExchange.Arm? {
        limits.slowConsumer > 0 ? arm(timer, StallWatch.firstLook(limits.slowConsumer)) : nil
    }

    /// The whole request was given to the backend. A large one may still be on its way when it is time to ask for the answer.
    private func awaitAnswer(_ flow: inout Flow, _ outflow: () -> Outflow) -> OnExchange.Arm? {
        if limits.answer > 0, bodyBytes > Self.largeBody { flow.watch.look(outflow()) }
        return arm(.answer, limits.answer)
    }
}
