import Testing
import WebSocketProtocol

@Suite("Masking")
struct MaskingTests {
    private let key: UInt32 = 0x04A3_B2C1

    /// RFC 6455, 5.3, word for word.
    private func naive(_ bytes: [UInt8], _ range: Range<Int>, offset: Int) -> [UInt8] {
        var bytes = bytes
        for (index, place) in range.enumerated() {
            bytes[place] ^= UInt8(truncatingIfNeeded: key >> (8 * UInt32((index + offset) % 4)))
        }
        return bytes
    }

    @Test("is what the RFC says at every length, place and phase, and nothing beside it is touched")
    func twin() {
        for count in Array(0...140) + [1000, 4099] {
            for start in [0, 1, 3, 7] {
                let all = (0..<(count + start + 5)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                for offset in 0..<4 {
                    var masked = all
                    var span = masked.mutableSpan
                    applyMask(&span, in: start..<(start + count), key: key, offset: offset)
                    #expect(masked == naive(all, start..<(start + count), offset: offset))
                    var back = masked.mutableSpan
                    applyMask(&back, in: start..<(start + count), key: key, offset: offset)
                    #expect(masked == all)
                }
            }
        }
    }

    @Test("a range beyond the end is cut, and a key of zero changes nothing")
    func edges() {
        var bytes: [UInt8] = [1, 2, 3, 4, 5]
        var span = bytes.mutableSpan
        applyMask(&span, in: 3..<90, key: key, offset: 0)
        #expect(bytes == [1, 2, 3, 4 ^ 0xC1, 5 ^ 0xB2])
        var again = bytes.mutableSpan
        applyMask(&again, key: 0, offset: 0)
        #expect(bytes == [1, 2, 3, 4 ^ 0xC1, 5 ^ 0xB2])
    }
}
