import Testing

@testable import EventLoop

@Suite("Processors by control groups")
struct ProcessorShareTests {
    @Test(
        "a quota of a period is rounded up to whole processors",
        arguments: [
            ("max 100000\n", nil), ("-1\n 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2),
            ("10000 100000\n", 1), ("0 100000", nil), ("1 0", nil), ("", nil), ("many of them", nil),
            ("9223372036854775807 1", Int.max),
        ])
    func share(text: String, expected: Int?) { #expect(ProcessorShare.processors(text) == expected) }

    @Test("of this machine are at least one, and no more than it has")
    func here() {
        #expect(ProcessorShare.allowed() ?? 1 >= 1)
        #expect((1...4096).contains(Machine.usableProcessors))
    }
}
