import EventLoop
import Glibc
import Testing

@Suite("Signals")
struct SignalSourceTests {
    /// To this thread alone: other threads of the test process have the signal unblocked.
    @Test("a signal becomes an event of the loop")
    func event() throws {
        let loop = try EventLoop()
        var seen: [ProcessSignal] = []
        let source = try SignalSource([.hangUp], on: loop) { seen.append($0) }
        pthread_kill(pthread_self(), ProcessSignal.hangUp.rawValue)
        #expect(loop.turn { seen == [.hangUp] })
        withExtendedLifetime(source) {}
    }
}
