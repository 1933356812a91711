import Chance
import Testing

@testable import Proxy

@Suite("The tokens of one session")
struct ResumeTokensTests {
    private func tokens(_ count: UInt64) -> [ResumeToken] {
        var random = SplitMix(seed: 11)
        let key = ResumeKey(using: &random)
        return (1...count).map {
            ResumeToken(SessionID(worker: 0, number: $0), of: 1, key, using: &random)
        }
    }

    @Test("without one nobody is let in, with one whoever shows it")
    func one() {
        let all = tokens(2)
        var tokens = ResumeTokens()
        #expect(!tokens.admits(all[0]))
        tokens.gives(all[0])
        #expect(tokens.admits(all[0]))
        #expect(!tokens.admits(all[1]))
    }

    @Test("the one that was shown is good until the next one has arrived")
    func shown() {
        let all = tokens(3)
        var tokens = ResumeTokens()
        tokens.gives(all[0])
        tokens.comes(with: all[0])
        #expect(tokens.isReturning)
        tokens.gives(all[1])
        #expect(tokens.isReturning)
        #expect(tokens.admits(all[0]))
        #expect(tokens.admits(all[1]))
        tokens.hasNext()
        #expect(!tokens.isReturning)
        #expect(!tokens.admits(all[0]))
        #expect(tokens.admits(all[1]))
    }

    @Test("one that was replaced before it was shown is good no more")
    func replaced() {
        let all = tokens(2)
        var tokens = ResumeTokens()
        tokens.gives(all[0])
        tokens.gives(all[1])
        #expect(!tokens.admits(all[0]))
    }

    @Test("after the session's end none is")
    func ended() {
        let all = tokens(2)
        var tokens = ResumeTokens()
        tokens.gives(all[0])
        tokens.comes(with: all[0])
        tokens.gives(all[1])
        tokens.end()
        #expect(!tokens.admits(all[0]))
        #expect(!tokens.admits(all[1]))
    }
}
