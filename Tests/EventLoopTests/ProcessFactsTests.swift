import EventLoop
import Testing

@Suite("Facts of this process")
struct ProcessFactsTests {
    @Test("are plausible, and processor time only grows")
    func now() throws {
        let before = ProcessFacts.now()
        #expect(before.residentBytes > 1 << 20 && before.mostDescriptors >= before.openDescriptors)
        #expect(before.openDescriptors >= 3)
        var sum: UInt64 = 0
        for number in 0..<2_000_000 { sum &+= UInt64(number) &* sum | 1 }
        #expect(sum != 0 && ProcessFacts.now().processorTime > before.processorTime)
        #expect(ProcessFacts.processNumber > 0 && ProcessFacts.wallClock() > 1_700_000_000)
    }
}
