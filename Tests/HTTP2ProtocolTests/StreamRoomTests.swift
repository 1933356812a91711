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
        var window = StreamWindow(first: 1600, most: 5000)
        #expect(window.step == 100)
        #expect(!window.returned(1599) && window.returned(1))
        #expect(window.size == 3200)
        #expect(!window.returned(1600) && window.returned(1600))
        #expect(window.size == 5000)
        #expect(!window.returned(100_000) && window.size == 5000)
    }

    @Test("never grows where that is not wanted")
    func fixed() {
        for most in [0, 100, 1600] {
            var window = StreamWindow(first: 1600, most: most)
            #expect(!window.returned(10_000) && window.size == 1600)
        }
    }
}
