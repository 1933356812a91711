import HTTP2Protocol
import Testing

struct AbuseMeterTests {
    @Test func eachKindHasItsOwnLimit() {
        var meter = AbuseMeter(HTTP2AbuseLimits(resets: 1, controlFrames: 2, emptyFrames: 3), at: 0)
        #expect(meter.reset() == nil)
        #expect(meter.reset() == .resets)
        #expect(meter.controlFrame() == nil && meter.controlFrame() == nil)
        #expect(meter.controlFrame() == .controlFrames)
        for _ in 0..<3 { #expect(meter.emptyFrame() == nil) }
        #expect(meter.emptyFrame() == .emptyFrames)
    }

    @Test func zeroIsNoLimit() {
        var meter = AbuseMeter(HTTP2AbuseLimits(resets: 0, controlFrames: 0, emptyFrames: 0), at: 0)
        for _ in 0..<10_000 {
            #expect(meter.reset() == nil && meter.controlFrame() == nil && meter.emptyFrame() == nil)
        }
    }

    @Test func aNewSpanStartsAfresh() {
        var meter = AbuseMeter(HTTP2AbuseLimits(resets: 1), at: 5)
        _ = meter.reset()
        meter.advance(to: 5 + AbuseMeter.span - 1)
        #expect(meter.reset() == .resets)
        meter.advance(to: 5 + AbuseMeter.span)
        #expect(meter.reset() == nil)
    }
}
