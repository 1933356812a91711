import Testing
import WebSocketProtocol

@testable import Proxy

@Suite("Asking a peer whether it is there")
struct KeepaliveTests {
    private static let second: UInt64 = 1_000_000_000
    private let midFrame: SideGate = [.open, .isMidFrame]

    private func keepalive() -> Keepalive {
        Keepalive(Progress(interval: 10 * Self.second, timeout: 5 * Self.second, now: 0))
    }

    @Test("a silent peer is asked once, and dead when nothing moved")
    func dead() {
        var keepalive = keepalive()
        #expect(keepalive.check(at: 9 * Self.second, .open, { Outflow() }) == .wait)
        #expect(keepalive.check(at: 10 * Self.second, .open, { Outflow() }) == .ping)
        #expect(keepalive.check(at: 11 * Self.second, .open, { Outflow() }) == .wait)
        #expect(keepalive.check(at: 15 * Self.second, .open, { Outflow() }) == .dead)
    }

    @Test("a Ping waits for the end of a frame, and is sent once")
    func held() {
        var keepalive = keepalive()
        #expect(keepalive.check(at: 10 * Self.second, midFrame, { Outflow() }) == .wait)
        #expect(keepalive.frameEnded(at: 11 * Self.second, .open, { Outflow() }) == true)
        #expect(keepalive.frameEnded(at: 11 * Self.second, .open, { Outflow() }) == false)
        #expect(keepalive.check(at: 16 * Self.second, .open, { Outflow() }) == .dead)
    }

    @Test("nothing is asked of a peer to which a Close has gone")
    func closing() {
        var keepalive = keepalive()
        let closed: SideGate = [.hears, .isConnected]
        #expect(keepalive.check(at: 10 * Self.second, closed, { Outflow() }) == .wait)
        #expect(keepalive.carries(at: 20 * Self.second, closed) == false)
        #expect(keepalive.check(at: 20 * Self.second, midFrame, { Outflow() }) == .wait)
        #expect(keepalive.frameEnded(at: 21 * Self.second, closed, { Outflow() }) == false)
    }

    @Test("the other side's Ping is carried on at most once a second, and not to one that was just heard")
    func carried() {
        var keepalive = keepalive()
        #expect(keepalive.carries(at: Self.second / 2, .open) == false)
        #expect(keepalive.carries(at: Self.second, .open) == true)
        #expect(keepalive.carries(at: Self.second + 5, .open) == false)
        keepalive.progress.heard(at: 2 * Self.second)
        #expect(keepalive.carries(at: 2 * Self.second + 5, .open) == false)
        // In a frame it waits, and one is enough.
        #expect(keepalive.carries(at: 4 * Self.second, midFrame) == false)
        #expect(keepalive.carries(at: 4 * Self.second, .open) == false)
        #expect(keepalive.frameEnded(at: 4 * Self.second, .open, { Outflow() }) == true)
    }

    @Test("an end gets on while the frame that was under way still comes, and not by new ones")
    func closesOn() {
        var keepalive = keepalive()
        let inflow = { (bytes: UInt64, messages: UInt64, isMidFrame: Bool) in
            Keepalive.Inflow(bytes: bytes, messages: messages, isMidFrame: isMidFrame)
        }
        #expect(keepalive.closesOn(Outflow(), inflow(100, 0, true)) == false)
        #expect(keepalive.closesOn(Outflow(), inflow(200, 0, true)) == true)
        #expect(keepalive.closesOn(Outflow(), inflow(200, 0, true)) == false)
        #expect(keepalive.closesOn(Outflow(), inflow(300, 1, false)) == true)
        #expect(keepalive.closesOn(Outflow(), inflow(400, 1, false)) == false)
    }
}
