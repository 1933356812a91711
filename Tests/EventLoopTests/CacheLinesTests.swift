import EventLoop
import Testing

@Suite("Cache lines")
struct CacheLinesTests {
    private final class Thing {
        var first = 1
        var second = 2

        var fields: CacheLines {
            var lines = CacheLines()
            lines.add(&second, bytes: 8)
            return lines
        }
    }

    private func lines(_ places: (start: UInt, bytes: Int)...) -> [UInt] {
        var lines = CacheLines()
        for place in places { lines.add(place.start, bytes: place.bytes) }
        return lines.addresses
    }

    @Test(
        "every line that a place touches is named once",
        arguments: [
            (start: 6400, bytes: 1, lines: [6400]),
            (start: 6400, bytes: 64, lines: [6400]),
            (start: 6400, bytes: 65, lines: [6400, 6464]),
            (start: 6463, bytes: 1, lines: [6400]),
            (start: 6463, bytes: 2, lines: [6400, 6464]),
            (start: 6456, bytes: 96, lines: [6400, 6464, 6528]),
            (start: 6400, bytes: 240, lines: [6400, 6464, 6528, 6592]),
            // No more is kept of one place.
            (start: 6400, bytes: 100_000, lines: (0..<8).map { 6400 + $0 * 64 }),
            (start: .max - 63, bytes: 64, lines: [.max - 63]),
            (start: .max, bytes: .max, lines: [.max - 63]),
            (start: 6400, bytes: 0, lines: []),
            (start: 6400, bytes: -1, lines: []),
        ] as [(start: UInt, bytes: Int, lines: [UInt])])
    func places(start: UInt, bytes: Int, expected: [UInt]) {
        #expect(lines((start, bytes)) == expected)
    }

    @Test("places stand in the order they came in, and those that have no room are left out")
    func order() {
        #expect(lines((6400, 64), (128, 64), (256, 65)) == [6400, 128, 256, 320])
        var many = CacheLines()
        for number in 1...20 { many.add(UInt(number) * 64, bytes: 64) }
        #expect(many.addresses == (1...8).map { UInt($0) * 64 })
    }

    @Test("an object's lines hold its fields")
    func objects() {
        let thing = Thing()
        var lines = CacheLines()
        lines.add(thing, bytes: 32)
        #expect(!lines.addresses.isEmpty)
        for line in thing.fields.addresses { #expect(lines.addresses.contains(line)) }
    }

    @Test("to fetch what is nobody's memory does no harm")
    func wrongPlaces() {
        var lines = CacheLines()
        for address: UInt in [16, 4096, 1 << 46, .max / 2, .max - 4096] { lines.add(address, bytes: 240) }
        lines.fetch()
        CacheLines().fetch()
    }
}
