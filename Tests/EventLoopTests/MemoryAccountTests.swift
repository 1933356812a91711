import Testing

@testable import EventLoop

@Suite("An account of memory")
struct MemoryAccountTests {
    @Test("has what its charges say, and nothing when they are gone")
    func charges() {
        let ledger = MemoryLedger(MemoryPool())
        let account = MemoryAccount(on: ledger)
        do {
            var one = MemoryCharge(to: account)
            var other = MemoryCharge(to: account)
            one.set(10)
            other.set(5)
            one.set(7)
            #expect(account.held == 12 && ledger.held == 12)
            #expect(one.bytes + other.bytes == 12)
        }
        #expect(account.held == 0 && ledger.held == 0 && account.position == -1)
    }
}
