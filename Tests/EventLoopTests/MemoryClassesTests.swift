import Testing

@testable import EventLoop

@Suite("How many holders there are of each size")
struct MemoryClassesTests {
    @Test(
        "sizes are told apart by powers of two, from 4 KiB on",
        arguments: [
            (0, -1), (4095, -1), (4096, 0), (8191, 0), (8192, 1), (1 << 20, 8), ((1 << 20) - 1, 7),
            ((4 << 10) << 27, 27),
            (Int.max, 27),
        ])
    func index(bytes: Int, expected: Int) {
        #expect(MemoryClasses.index(of: bytes) == expected)
        if expected >= 0 { #expect(MemoryClasses.bytes(expected) <= bytes) }
    }

    @Test("an account is counted where it stands, as long as somebody can be given up for it")
    func account() {
        let ledger = MemoryLedger(MemoryPool())
        func counts() -> [Int: Int] {
            Dictionary(uniqueKeysWithValues: (0..<MemoryClasses.count).map { ($0, ledger.classes[$0]) })
                .filter { $0.value != 0 }
        }
        let holder = Holder(on: ledger)
        holder.charge.set(4095)
        #expect(counts().isEmpty)
        holder.charge.set(9000)
        #expect(counts() == [1: 1])
        holder.charge.account.holder = nil
        #expect(counts().isEmpty)
        holder.charge.account.holder = holder
        holder.charge.set(70_000)
        #expect(counts() == [4: 1])
        holder.charge.account.passOver()
        #expect(counts().isEmpty)
        holder.charge.set(71_000)
        #expect(counts() == [4: 1])
        holder.charge.set(0)
        #expect(counts().isEmpty)
    }
}
