import EventLoop
import Testing

@Suite("Random values")
struct KernelRandomTests {
    @Test("blocks follow each other and don't repeat")
    func blocks() {
        var random = KernelRandom()
        let values = (0..<1000).map { _ in random.next() }
        #expect(Set(values).count == values.count)
        var other = KernelRandom()
        #expect(other.next() != values[0])
    }

    @Test("about half of the bits are set")
    func balance() {
        var random = KernelRandom()
        let bits = (0..<4096).reduce(0) { sum, _ in sum + random.next().nonzeroBitCount }
        // 262 144 bits; 6 standard deviations are 1 536.
        #expect((131_072 - 1536...131_072 + 1536).contains(bits))
    }

    @Test("jitter stays within its fraction and does spread")
    func jitter() {
        var random = KernelRandom()
        let values = (0..<200).map { _ in random.jittered(1_000_000, by: 0.2) }
        #expect(values.allSatisfy { (800_000...1_200_000).contains($0) })
        #expect(Set(values).count > 150)
    }
}
