import Testing

@testable import Proxy

@Suite("Peers that send too much")
struct ThrottleTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("messages beyond a second's worth are waited for; each beginning of a wait counts")
    func waits() {
        var throttle = Throttle(perSecond: 10)
        #expect(throttle.isOn && throttle.took(10, at: 0, since: 0) == 0)
        #expect(throttle.took(10, at: 0, since: 0) == 0)
        #expect(throttle.took(15, at: 0, since: 0) == Self.second / 2)
        #expect(throttle.waits(Self.second / 2, at: 0, isWaiting: false) == true)
        #expect(throttle.until == Self.second / 2 && throttle.count == 1)
        #expect(throttle.waits(Self.second / 4, at: 0, isWaiting: true) == false)
        #expect(throttle.until == Self.second / 2 && throttle.count == 1)
        #expect(throttle.waits(.max, at: 0, isWaiting: false) == true)
        #expect(throttle.until == 3600 * Self.second && throttle.count == 2)
    }

    @Test("without a limit nothing waits")
    func off() {
        var throttle = Throttle(perSecond: 0)
        #expect(!throttle.isOn && throttle.took(.max, at: 0, since: 0) == 0)
    }
}
