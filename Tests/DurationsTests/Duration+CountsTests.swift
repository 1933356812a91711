import Durations
import Testing

@Suite("Durations as counts")
struct DurationCountsTests {
    @Test(
        "nanoseconds of a loop's clock",
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(500), 500_000_000),
            (.seconds(30 * 86_400), 2_592_000_000_000_000), (.seconds(-1), 0),
            (.seconds(Int64.max), .max), (.nanoseconds(-1), 0),
            (.seconds(60) + .nanoseconds(7), 60_000_000_007),
            (.seconds(9444) + .nanoseconds(732_965_739), 9_444_732_965_739),
            (.seconds(9445) + .nanoseconds(1), 9_445_000_000_001),
            (Duration(attoseconds: 1_999_999_999), 1), (Duration(attoseconds: 999_999_999), 0),
        ] as [(Duration, UInt64)])
    func nanoseconds(_ duration: Duration, wanted: UInt64) { #expect(duration.nanoseconds == wanted) }

    @Test("seconds, with and without what is beyond whole ones")
    func seconds() {
        #expect(Duration.milliseconds(1500).inSeconds == 1.5 && Duration.milliseconds(1500).wholeSeconds == 1)
        #expect(Duration.zero.inSeconds == 0 && Duration.seconds(-2).inSeconds == -2)
    }
}
