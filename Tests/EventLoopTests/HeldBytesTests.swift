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

    @Test("go from the front, in whatever steps, and come at the end", arguments: [1, 3, 64, 1000])
    func order(step: Int) {
        let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
        var held = HeldBytes(on: account)
        var put: [UInt8] = []
        var taken: [UInt8] = []
        for round in 0..<200 {
            let piece = (0..<(round % 37)).map { UInt8(truncatingIfNeeded: $0 &+ round) }
            put += piece
            held.append(piece.span)
            let count = min(step, held.count)
            held.lend { span in
                for index in 0..<count { taken.append(span[index]) }
            }
            held.drop(count)
        }
        #expect(taken + held.takeArray() == put)
        #expect(account.held == 0)
    }
}
