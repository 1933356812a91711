import HandedBytes
import Testing

@Suite("Bytes for another process")
struct HandedReaderTests {
    private func written(room: Int = 100, _ write: (inout OutputSpan<UInt8>) -> Bool) -> [UInt8]? {
        var isWhole = false
        let bytes = [UInt8](capacity: room) { (output: inout OutputSpan<UInt8>) in isWhole = write(&output) }
        return isWhole ? bytes : nil
    }

    @Test("what is written is read again, in the same order")
    func again() throws {
        let bytes = try #require(
            written { output in
                output.put(0x0102, 2) && output.put(.max, 8) && output.put(flag: true)
                    && output.put(flag: false) && output.put(text: "ü") && output.put(array: [7, 8])
                    && output.put([9])
            })
        #expect(bytes.prefix(2) == [1, 2])
        var reader = HandedReader()
        #expect(try reader.number(2, bytes.span) == 0x0102 && reader.number(8, bytes.span) == .max)
        #expect(try reader.flag(bytes.span) && !reader.flag(bytes.span))
        #expect(try reader.text(bytes.span) == "ü" && reader.array(bytes.span) == [7, 8])
        #expect(try reader.take(1, bytes.span) == bytes.count - 1..<bytes.count)
        #expect(reader.place == bytes.count)
    }

    @Test("nothing is read beyond the end, whatever a length says")
    func cut() {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        var reader = HandedReader()
        #expect(throws: HandedStateError.cut) { try reader.array(bytes.span) }
        reader = HandedReader()
        #expect(throws: HandedStateError.cut) { try reader.text(bytes.span) }
        reader = HandedReader(place: 4)
        #expect(throws: HandedStateError.cut) { try reader.number(1, bytes.span) }
        #expect(throws: HandedStateError.cut) { try reader.take(-1, bytes.span) }
    }

    @Test("a flag is 0 or 1, a text is UTF-8")
    func garbled() {
        var reader = HandedReader()
        #expect(throws: HandedStateError.garbled) { try reader.flag([2].span) }
        reader = HandedReader()
        #expect(throws: HandedStateError.garbled) { try reader.text([0, 1, 0xFF].span) }
    }

    @Test("what has no room, or is too large for its bytes, is not written")
    func room() {
        #expect(written { $0.put(256, 1) } == nil && written(room: 1) { $0.put(1, 2) } == nil)
        #expect(written(room: 3) { $0.put(text: "ab") } == nil)
        #expect(written(room: 4) { $0.put(array: [1]) } == nil && written(room: 1) { $0.put([1, 2]) } == nil)
    }
}
