import Testing
import WebSocketProtocol

@Suite("Keepalive")
struct KeepaliveTests {
    @Test("pings after the interval of silence, not a moment before, and gives up after the timeout")
    func silence() {
        var keepalive = Keepalive(interval: 100, timeout: 50, now: 0)
        #expect(keepalive.nextCheck == 100)
        #expect(keepalive.check(at: 99) == .wait)
        #expect(keepalive.check(at: 100) == .ping)
        #expect(keepalive.nextCheck == 150)
        #expect(keepalive.check(at: 149) == .wait)
        #expect(keepalive.check(at: 150) == .dead)
    }

    @Test("anything heard puts the next ping off, whether one is out or not")
    func heard() {
        var keepalive = Keepalive(interval: 100, timeout: 50, now: 0)
        keepalive.heard(at: 30)
        #expect(keepalive.nextCheck == 130)
        #expect(keepalive.check(at: 100) == .wait)
        #expect(keepalive.check(at: 130) == .ping)
        keepalive.heard(at: 179)
        #expect(keepalive.nextCheck == 279)
        #expect(keepalive.check(at: 180) == .wait)
        #expect(keepalive.check(at: 279) == .ping)
    }

    @Test("a check that comes late still asks first")
    func late() {
        var keepalive = Keepalive(interval: 100, timeout: 50, now: 0)
        #expect(keepalive.check(at: 5000) == .ping)
        #expect(keepalive.nextCheck == 5050)
    }

    @Test("an interval of 0 is off")
    func off() {
        var keepalive = Keepalive(interval: 0, timeout: 50, now: 0)
        #expect(keepalive.nextCheck == nil)
        #expect(keepalive.check(at: .max) == .wait)
    }

    @Test("with a timeout of 0 one ping waits for ever")
    func patient() {
        var keepalive = Keepalive(interval: 100, timeout: 0, now: 0)
        #expect(keepalive.check(at: 100) == .ping)
        #expect(keepalive.nextCheck == nil)
        #expect(keepalive.check(at: .max) == .wait)
        keepalive.heard(at: 900)
        #expect(keepalive.nextCheck == 1000)
    }

    @Test("times at the end of what can be counted don't overflow")
    func overflow() {
        var keepalive = Keepalive(interval: .max, timeout: .max, now: 7)
        #expect(keepalive.nextCheck == .max)
        #expect(keepalive.check(at: .max) == .ping)
        #expect(keepalive.nextCheck == .max)
    }
}
