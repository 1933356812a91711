import Durations
import Testing

@testable import Proxy

@Suite("When sessions are looked at")
struct LookPaceTests {
    private static let interval = Duration.seconds(10).nanoseconds

    @Test(
        "not before ten seconds, and hardly later",
        arguments: [0, 1, 1 << 27, 987_654_321_012_345] as [UInt64])
    func interval(now: UInt64) {
        let wait = LookPace.next(after: now) - now
        #expect(wait >= Self.interval && wait < Self.interval + Duration.milliseconds(135).nanoseconds)
    }

    @Test("the looks of thousands are few")
    func together() {
        let start: UInt64 = 1_000_000_000_000
        let looks = Set((0..<5000).map { LookPace.next(after: start + $0 * (Self.interval / 5000)) })
        #expect(looks.count <= 76)
    }

    @Test("there is an end of time")
    func end() {
        #expect(LookPace.next(after: .max) == .max)
        #expect(LookPace.next(after: .max - Self.interval) == .max)
    }
}
