import ASCII
import Testing

@Suite("Parts in one block")
struct PackedPartsTests {
    @Test("each is read as it was written")
    func roundTrip() {
        var writer = PartWriter()
        let numbers: [UInt64] = [0, 127, 128, 300, 1 << 35, .max]
        for number in numbers { writer.put(number) }
        writer.put("äöü")
        writer.put("")
        writer.put(String?.none)
        writer.put(String?.some(""))
        writer.put(optional: [UInt8](repeating: 7, count: 200))
        writer.bytes.append(9)
        var reader = PartReader(writer.packed)
        for number in numbers { #expect(reader.number() == number) }
        #expect(reader.text() == "äöü")
        #expect(reader.text().isEmpty)
        #expect(reader.optionalText() == nil)
        #expect(reader.optionalText()?.isEmpty == true)
        #expect(reader.optional().map(Array.init) == [UInt8](repeating: 7, count: 200))
        #expect(Array(reader.rest) == [9])
        #expect(reader.byte() == 9)
    }

    @Test("what was not written reads as nothing, wherever the bytes end")
    func cut() {
        var writer = PartWriter()
        writer.put("abc")
        writer.put(String?.some("def"))
        writer.put(UInt64(1 << 20))
        for end in 0..<writer.bytes.count {
            var reader = PartReader(Array(writer.bytes[..<end]))
            #expect(reader.text().utf8.count <= 3)
            #expect((reader.optionalText() ?? "").utf8.count <= 3)
            #expect(reader.number() < 1 << 20)
            #expect(reader.byte() == 0)
        }
        // Longer than any that is written.
        var reader = PartReader([UInt8](repeating: 255, count: 32))
        #expect(reader.text().unicodeScalars.count < 32)
    }
}
