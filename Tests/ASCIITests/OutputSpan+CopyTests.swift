import Testing

@testable import ASCII

@Suite("Bytes that are copied")
struct OutputSpanCopyTests {
    @Test("stand behind what was there, however many they are")
    func copies() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
            var all: [UInt8] = [9]
            all.append(copying: bytes.span)
            #expect(all == [9] + bytes)
        }
    }

    @Test("are left out where there is no room for all")
    func room() {
        var isPut = (true, true)
        let all = [UInt8](capacity: 5) { (output: inout OutputSpan<UInt8>) in
            isPut.0 = output.put([1, 2, 3].span)
            while output.freeCapacity > 2 { output.append(0) }
            isPut.1 = output.put([4, 5, 6].span)
        }
        #expect(isPut == (true, false) && all.starts(with: [1, 2, 3]) && !all.contains(4))
    }
}
