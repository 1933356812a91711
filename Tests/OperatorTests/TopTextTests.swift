import Testing

@testable import Operator

@Suite("Numbers in the terminal")
struct TopTextTests {
    typealias Text = TopView.Text

    @Test("counts, rates, sizes and times are short")
    func numbers() {
        #expect(
            [0, 999, 9_999, 12_345, 4_500_000].map { Text.count($0) } == [
                "0", "999", "9999", "12.3k", "4500k",
            ])
        #expect([0, 0.04, 1.25, 250, 123_456].map { Text.rate($0) } == ["0.0", "0.0", "1.3", "250", "123k"])
        #expect(
            [0, 1_000, 12_288, 5 << 30].map { Text.size(Double($0)) } == [
                "0 B", "1000 B", "12.0 KiB", "5120 MiB",
            ])
        #expect([0.000_012, 0.0123, 2.5].map { Text.time($0) } == ["12 µs", "12.3 ms", "2.5 s"])
        #expect(Text.rate(.nan) == "0.0" && Text.count(-4) == "0" && Text.rate(.infinity) == "0.0")
    }

    @Test("columns stand below each other")
    func columns() {
        let line = Text.columns(["name", "1", "22", "333", "4", "5"])
        #expect(line.count == 80 && line.hasPrefix("name ") && line.hasSuffix("         4         5"))
        #expect(Text.columns([String(repeating: "n", count: 50), "1", "2", "3", "4", "5"]).count == 80)
    }
}
