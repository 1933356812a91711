import Testing
import WebSocketProtocol

@Suite("Closing handshake")
struct CloseHandshakeTests {
    @Test("before any Close both may send, and an end is abnormal")
    func open() {
        let handshake = CloseHandshake()
        #expect(handshake.maySendData && handshake.mayReceiveData && !handshake.isFinished)
        #expect(handshake.peerEnded() == .abnormal)
    }

    @Test("ours first: nothing may follow it, the peer's data still counts until its Close")
    func oursFirst() {
        var handshake = CloseHandshake()
        #expect(handshake.sendClose() == .send)
        #expect(!handshake.maySendData && handshake.mayReceiveData && !handshake.isFinished)
        #expect(handshake.peerEnded() == .abnormal)
        #expect(handshake.sendClose() == .drop)
        #expect(handshake.receiveClose() == .finished)
        expectFinished(&handshake)
    }

    @Test("the peer's first: nothing that follows it counts, ours may still send until its answer")
    func peersFirst() {
        var handshake = CloseHandshake()
        #expect(handshake.receiveClose() == .reply)
        #expect(handshake.maySendData && !handshake.mayReceiveData && !handshake.isFinished)
        #expect(handshake.peerEnded() == .withoutAnswer)
        #expect(handshake.receiveClose() == .ignore)
        #expect(handshake.sendClose() == .sendAndFinish)
        expectFinished(&handshake)
    }

    private func expectFinished(_ handshake: inout CloseHandshake) {
        #expect(!handshake.maySendData && !handshake.mayReceiveData && handshake.isFinished)
        #expect(handshake.sendClose() == .drop)
        #expect(handshake.receiveClose() == .ignore)
        #expect(handshake.isFinished && handshake.peerEnded() == .clean)
    }
}
