import Testing

@testable import HTTP2Protocol

@Suite("What may wait on a stream")
struct StreamRoomTests {
    @Test("is little at first, and grows with what was taken, up to a bound")
    func room() {
        var room = StreamRoom()
        #expect(room.bytes == StreamRoom.least)
        room.taken(0)
        #expect(room.bytes == StreamRoom.least)
        room.taken(1000)
        #expect(room.bytes == StreamRoom.least + 1000)
        for _ in 0..<100 { room.taken(room.bytes) }
        #expect(room.bytes == StreamRoom.most)
    }

    @Test("comes as the window allows, which doubles when one was taken in full")
    func window() {
        var window = StreamWindow(first: 1600, most: 5000, at: 0)
        #expect(window.step == 100)
        #expect(!take(&window, 1599) && take(&window, 1))
        #expect(window.size == 3200)
        #expect(!take(&window, 1600) && take(&window, 1600))
        #expect(window.size == 5000)
        #expect(!take(&window, 100_000) && window.size == 5000)
    }

    private func take(
        _ window: inout StreamWindow, _ count: Int, at now: UInt64 = 0, _ roundTrip: UInt64? = nil
    ) -> Bool {
        window.returned(count, at: now) { roundTrip }
    }

    @Test(
        "grows where the peer waits for it, and not where what it sends takes longer to come than to be asked for",
        arguments: [
            // Nanoseconds in which each window was taken, the round trip, and what becomes of 1000 bytes in four windows.
            (1_000, 1_000, 16_000), (2_001, 1_000, 16_000), (2_002, 1_000, 1_000), (50_000, 1_000, 1_000),
            (50_000, nil, 16_000), (0, 0, 16_000), (2, 0, 1_000),
        ] as [(UInt64, UInt64?, Int)])
    func holdsUp(spent: UInt64, roundTrip: UInt64?, size: Int) {
        var window = StreamWindow(first: 1000, most: 100_000, at: 10)
        var now: UInt64 = 10
        for _ in 0..<4 {
            now += spent
            _ = take(&window, window.size, at: now, roundTrip)
        }
        #expect(window.size == size)
    }

    @Test("a silence before it counts once")
    func silence() {
        var window = StreamWindow(first: 1000, most: 4000, at: 0)
        #expect(!take(&window, 1000, at: 1_000_000_000, 1_000))
        #expect(take(&window, 1000, at: 1_000_001_000, 1_000) && window.size == 2000)
    }

    @Test("may be let grow further, never less")
    func further() {
        var window = StreamWindow(first: 1000, most: 0, at: 0)
        window.grows(to: 3000)
        window.grows(to: 10)
        #expect(take(&window, 1000) && window.size == 2000)
        #expect(take(&window, 2000) && window.size == 3000)
        #expect(!take(&window, 3000))
    }

    @Test("never grows where that is not wanted")
    func fixed() {
        for most in [0, 100, 1600] {
            var window = StreamWindow(first: 1600, most: most, at: 0)
            #expect(!take(&window, 10_000) && window.size == 1600)
        }
    }
}
