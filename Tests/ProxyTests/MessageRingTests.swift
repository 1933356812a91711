import Testing

@testable import Proxy

@Suite("The last messages of a feed")
struct MessageRingTests {
    private func held(_ ring: MessageRing<String>) -> [String] {
        (ring.oldest..<ring.end).compactMap { ring[$0] }
    }

    @Test("messages are numbered in the order they come")
    func numbers() {
        var ring = MessageRing<String>(capacity: 3, byteLimit: 100)
        #expect(ring.count == 0 && ring.oldest == 0 && ring.end == 0)
        ring.append("a", bytes: 1)
        ring.append("b", bytes: 1)
        #expect(ring.oldest == 0 && ring.end == 2 && ring[0] == "a" && ring[1] == "b")
        #expect(ring[2] == nil)
    }

    @Test("the oldest make room, whatever the number of rounds")
    func capacity() {
        var ring = MessageRing<String>(capacity: 3, byteLimit: 100)
        for number in 0..<10 { ring.append("\(number)", bytes: 2) }
        #expect(held(ring) == ["7", "8", "9"] && ring.bytes == 6)
        #expect(ring[6] == nil && ring[7] == "7")
    }

    @Test("bytes bound it too, but the newest one stays")
    func bytes() {
        var ring = MessageRing<String>(capacity: 8, byteLimit: 10)
        ring.append("four", bytes: 4)
        ring.append("five", bytes: 5)
        #expect(held(ring) == ["four", "five"])
        ring.append("two", bytes: 2)
        #expect(held(ring) == ["five", "two"] && ring.bytes == 7)
        ring.append("huge", bytes: 1000)
        #expect(held(ring) == ["huge"])
        ring.append("small", bytes: 1)
        #expect(held(ring) == ["small"] && ring.bytes == 1)
    }

    @Test("what nobody needs is let go, but for the newest that are kept")
    func kept() {
        var ring = MessageRing<String>(capacity: 4, byteLimit: 100)
        for number in 0..<6 { ring.append("\(number)", bytes: 2) }
        ring.keep(2)
        #expect(held(ring) == ["4", "5"] && ring.bytes == 4)
        ring.keep(3)
        #expect(ring.count == 2)
        ring.keep(-1)
        #expect(ring.count == 0 && ring.bytes == 0 && ring.oldest == 6 && ring.end == 6)
        for number in 6..<20 {
            ring.append("\(number)", bytes: 2)
            #expect(ring[UInt64(number)] == "\(number)")
        }
        #expect(held(ring) == ["16", "17", "18", "19"] && ring.bytes == 8)
    }

    @Test("other bounds hold at once, and messages keep their numbers", arguments: 0...9)
    func resized(before: Int) {
        var ring = MessageRing<String>(capacity: 4, byteLimit: 100)
        for number in 0..<before { ring.append("\(number)", bytes: 5) }
        ring.resize(capacity: 2, byteLimit: 100)
        let kept = max(before - 2, max(before - 4, 0))..<before
        #expect(held(ring) == kept.map { "\($0)" } && ring.bytes == kept.count * 5)
        ring.resize(capacity: 5, byteLimit: 100)
        for number in before..<before + 9 {
            ring.append("\(number)", bytes: 5)
            #expect(ring[UInt64(number)] == "\(number)" && ring.end == UInt64(number) + 1)
        }
        #expect(held(ring) == (before + 4..<before + 9).map { "\($0)" } && ring.bytes == 25)
        ring.resize(capacity: 5, byteLimit: 12)
        #expect(held(ring).count == 2 && ring.bytes == 10)
        ring.resize(capacity: 0, byteLimit: 0)
        #expect(held(ring) == ["\(before + 8)"], "the newest one stays")
    }

    @Test("what makes room is let go of at once")
    func release() {
        final class Token {}
        var ring = MessageRing<Token>(capacity: 2, byteLimit: 10)
        var token: Token? = Token()
        weak let watched = token
        if let token { ring.append(token, bytes: 1) }
        token = nil
        #expect(watched != nil)
        ring.append(Token(), bytes: 10)
        #expect(watched == nil)
    }
}
