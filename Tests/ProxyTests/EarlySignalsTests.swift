import EventLoop
import Testing

@testable import Proxy

@Suite("Signals before a process serves")
struct EarlySignalsTests {
    @Test("an order to end is carried out, all else waits, once of a kind and in its order")
    func early() {
        var signals = EarlySignals()
        for signal in [ProcessSignal.userTwo, .hangUp, .userTwo, .userOne, .hangUp] {
            #expect(signals.received(signal) == .wait)
        }
        #expect(signals.received(.terminate) == .end && signals.received(.interrupt) == .end)
        #expect(signals.serves() == [.userTwo, .hangUp, .userOne])
    }

    @Test("later nothing waits")
    func serving() {
        var signals = EarlySignals()
        #expect(signals.serves() == [])
        for signal in [ProcessSignal.terminate, .interrupt, .hangUp, .userOne, .userTwo] {
            #expect(signals.received(signal) == .act)
        }
        #expect(signals.serves() == [])
    }
}
