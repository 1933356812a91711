import Testing

@testable import WebSocketProtocol

@Suite("When a peer is read")
struct ReadingTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("what is read without a pause came just now")
    func noPause() {
        var reading = Reading()
        reading.goesOn(at: 5)
        #expect(reading.arrival(at: 70) == 70)
        #expect(reading.since == 0 && reading.isOn)
    }

    @Test("after a pause what is read may have come since its beginning, for as long as it took")
    func pause() {
        var reading = Reading()
        reading.stops(at: 100)
        reading.stops(at: 150)
        #expect(!reading.isOn)
        reading.goesOn(at: 200)
        #expect(reading.since == 200)
        #expect(reading.arrival(at: 200) == 100)
        #expect(reading.arrival(at: 299) == 100)
        #expect(reading.arrival(at: 300) == 300)
    }

    @Test("one pause after the other is one, as long as it may not have caught up")
    func pauses() {
        var reading = Reading()
        reading.stops(at: 100)
        reading.goesOn(at: 200)
        reading.stops(at: 250)
        reading.goesOn(at: 260)
        #expect(reading.arrival(at: 261) == 100)
        #expect(reading.arrival(at: 420) == 420)
        reading.stops(at: 500)
        reading.goesOn(at: 510)
        #expect(reading.arrival(at: 511) == 500)
    }

    @Test("nothing is taken for having waited for ever, and nothing overflows")
    func bounds() {
        var reading = Reading()
        reading.stops(at: 0)
        reading.goesOn(at: 3600 * Self.second)
        #expect(reading.arrival(at: 3600 * Self.second) == 3540 * Self.second)
        reading.stops(at: 7200 * Self.second)
        reading.goesOn(at: .max)
        _ = reading.arrival(at: .max)
    }
}
