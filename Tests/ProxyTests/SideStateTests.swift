import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("One side of a session")
struct SideStateTests {
    private let bye = ClosePayload(.normal, "bye")
    private let away = ClosePayload(.goingAway, "away")

    @Test("an open side hears, takes data, and knows whether a frame is under way")
    func open() {
        var side = SideState.open(isMidFrame: false)
        #expect(side.gate == .open && side.isConnected && side.takesClose && !side.hasTheirs)
        side.frameBegins()
        #expect(side.gate == [.open, .isMidFrame])
        #expect(side.frameEnds() == .none && side.gate == .open)
    }

    @Test("nothing follows our Close, and what the peer still says counts")
    func ours() {
        var side = SideState.open(isMidFrame: false)
        #expect(side.says(bye) == SideOrder(close: bye))
        #expect(side.gate == [.hears, .isConnected] && side.hasOurs && !side.takesClose)
        #expect(side.says(away) == .none)
        side.receives(away)
        #expect(side.isFinished && side.unanswered == nil && side.gate == .isConnected)
    }

    @Test("a Close waits for the end of the frame under way, and so does the end of our side")
    func held() {
        var side = SideState.open(isMidFrame: true)
        #expect(side.says(bye) == .none && side.finishes() == .none)
        #expect(side.gate == [.open, .isMidFrame] && !side.isFinished)
        #expect(side.says(away) == .none)
        #expect(side.frameEnds() == SideOrder(close: bye, finishes: true))
        #expect(side.gate == [.hears, .isConnected])
        #expect(side.finishes() == .none && side.frameEnds() == .none)
    }

    @Test("a Close that crosses one of ours that waits is answered by it")
    func crossed() {
        var side = SideState.open(isMidFrame: true)
        _ = side.says(bye)
        side.receives(away)
        side.peerEnds()
        #expect(side.hasTheirs && !side.isFinished && !side.settles && side.unanswered == nil)
        #expect(side.frameEnds() == SideOrder(close: bye, isAnswer: true, settles: true))
        #expect(side.isFinished && side.settles)
    }

    @Test("the peer's Close is answered once, and data may go before that")
    func theirs() {
        var side = SideState.open(isMidFrame: false)
        side.receives(bye)
        #expect(side.gate == [.takesData, .isConnected] && side.unanswered == bye && side.takesClose)
        side.frameBegins()
        #expect(side.frameEnds() == .none)
        #expect(side.says(bye) == SideOrder(close: bye, isAnswer: true))
        #expect(side.isFinished && side.gate == .isConnected)
        #expect(side.finishes() == SideOrder(finishes: true) && side.finishes() == .none)
    }

    @Test("one that is heard no more may still be told why")
    func deaf() {
        var side = SideState.open(isMidFrame: false)
        side.deafens()
        #expect(side.gate == [.takesData, .isConnected])
        #expect(side.says(bye) == SideOrder(close: bye))
    }

    @Test("what is closed, or absent, is told nothing and closed no more")
    func none() {
        var closed = SideState.open(isMidFrame: true)
        #expect(closed.abort() == .cut)
        var absent = SideState.absent(since: 5)
        for _ in 0..<2 {
            #expect(Self.isSilent(&closed) && Self.isSilent(&absent))
        }
    }

    private static func isSilent(_ side: inout SideState) -> Bool {
        side.frameBegins()
        side.receives(.empty)
        side.deafens()
        side.peerEnds()
        let orders = [side.says(.empty), side.finishes(), side.frameEnds(), side.abort()]
        return side.gate == [] && orders == [.none, .none, .none, .none] && !side.takesClose
            && !side.hasTheirs && !side.isFinished
    }
}
