import BasicContainers
import Testing

@testable import EventLoop

@Suite("Bytes that are held")
struct HeldBytesTests {
    @Test("are on the account as long as they are there")
    func charged() {
        let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
        var held = HeldBytes(on: account)
        #expect(held.isEmpty && account.held == 0)
        held.append([UInt8](repeating: 1, count: 1000).span)
        held.append([2, 3].span)
        #expect(held.count == 1002 && held.lend(from: 1001) { $0[0] } == 3)
        #expect(account.held >= 1002)
        #expect(held.take().count == 1002)
        #expect(held.isEmpty && account.held == 0)
        held.append([4, 5].span)
        #expect(held.takeArray() == [4, 5] && held.isEmpty)
        held.append([4].span)
        held.removeAll()
        #expect(account.held == 0)
    }
}
