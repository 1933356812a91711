import Testing

@testable import HTTP2Protocol

@Suite("Heads under way on a connection")
struct HeadRoomTests {
    @Test("fit as far as what is always granted, and four times what has come")
    func room() {
        var room = HeadRoom()
        #expect(room.fits(HeadRoom.least) && !room.fits(HeadRoom.least + 1))
        room.received(1000)
        #expect(room.fits(HeadRoom.least + 4000) && !room.fits(HeadRoom.least + 4001))
        room.add(HeadRoom.least)
        #expect(room.held == HeadRoom.least)
        #expect(room.fits(4000) && !room.fits(4001))
        room.release(500)
        #expect(room.fits(4500) && !room.fits(4501))
    }

    @Test("are never fewer than none, nor more than can be counted")
    func bounds() {
        var room = HeadRoom()
        room.release(10)
        #expect(room.held == 0)
        room.received(.max)
        room.received(.max)
        #expect(room.fits(.max))
        room.add(.max)
        room.add(.max)
        #expect(room.held == .max && room.fits(0) && !room.fits(1))
    }

    @Test("never hold more than granted, in any order of events", arguments: UInt64(1)...20)
    func walk(_ seed: UInt64) {
        var state = seed
        func next(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % below
        }
        var (room, sizes, received) = (HeadRoom(), [Int](), 0)
        for _ in 0..<2000 {
            switch next(4) {
            case 0:
                let count = next(100)
                received += count
                room.received(count)
            case 1 where !sizes.isEmpty: room.release(sizes.remove(at: next(sizes.count)))
            default:
                let size = next(16 << 10)
                guard room.fits(size) else { break }
                room.add(size)
                sizes.append(size)
            }
            #expect(room.held == sizes.reduce(0, +))
            #expect(room.held <= HeadRoom.least + HeadRoom.ratio * received)
        }
    }
}
