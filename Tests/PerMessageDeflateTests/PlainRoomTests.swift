import Testing

@testable import PerMessageDeflate

@Suite("What is inflated at a time")
struct PlainRoomTests {
    @Test("is little at first, and grows with what was sent, up to a bound")
    func bytes() {
        #expect(PlainRoom.bytes(received: 0) == 8192)
        #expect(PlainRoom.bytes(received: 1000) == 9192)
        #expect(PlainRoom.bytes(received: 57_344) == 65_536)
        #expect(PlainRoom.bytes(received: 57_345) == 65_536)
        #expect(PlainRoom.bytes(received: .max) == 65_536)
    }

    @Test("is less by what waits, and never nothing")
    func step() {
        #expect(PlainRoom.step(received: 0, waiting: 0) == 8192)
        #expect(PlainRoom.step(received: 0, waiting: 2000) == 6192)
        for waiting in [7168, 8192, 1 << 20, .max] {
            #expect(PlainRoom.step(received: 0, waiting: waiting) == 1024)
        }
        #expect(PlainRoom.step(received: .max, waiting: -1) == 65_536)
    }
}
