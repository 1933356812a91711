import Testing

@testable import EventLoop

@Suite("How far a stream has come")
struct StreamPhaseTests {
    private static let broken = StreamPhase.failed(SystemError(call: "send", code: 32))

    @Test("bytes may go while it is open, and after the peer's FIN")
    func sends() {
        #expect(!StreamPhase.connecting.sends)
        #expect(StreamPhase.open.sends)
        #expect(StreamPhase.ended.sends)
        #expect(!Self.broken.sends)
        #expect(Self.broken.hasFailed)
        #expect(!StreamPhase.ended.hasFailed)
    }

    @Test("the loop is asked for what can still come of it")
    func interest() {
        for (isReading, hasOutput) in [(false, false), (false, true), (true, false), (true, true)] {
            func wants(_ phase: StreamPhase) -> [Bool]? {
                phase.interest(isReading: isReading, hasOutput: hasOutput).map { [$0.readable, $0.writable] }
            }
            #expect(wants(.connecting) == [false, true])
            #expect(wants(.open) == [isReading, hasOutput])
            #expect(wants(.ended) == [false, hasOutput])
            #expect(wants(Self.broken) == nil)
        }
    }
}
