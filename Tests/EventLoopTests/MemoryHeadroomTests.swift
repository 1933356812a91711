import Testing

@testable import EventLoop

@Suite("Headroom of memory")
struct MemoryHeadroomTests {
    @Test("is asked for once in a while, and the answer holds until then")
    func span() {
        var headroom = MemoryHeadroom()
        var asked: [Int] = []
        func look(_ now: UInt64, _ answer: Bool) -> Bool {
            headroom.isThere(at: now) { bytes in
                asked.append(bytes)
                return answer
            }
        }
        let span = MemoryHeadroom.span
        let looks = [(0, true), (span - 1, false), (span, false), (span + 1, true), (2 * span, true)]
        #expect(looks.map { look(1000 + $0.0, $0.1) } == [true, true, false, false, true])
        #expect(asked == [MemoryHeadroom.bytes, MemoryHeadroom.bytes, MemoryHeadroom.bytes])
        // A clock that goes back is no reason to wait.
        let late = look(0, false)
        #expect(!late)
    }

    @Test("is there on a machine that can run this")
    func real() {
        var headroom = MemoryHeadroom()
        let isThere = headroom.isThere(at: 1)
        #expect(isThere)
    }
}
