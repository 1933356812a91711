import Testing
import WebSocketProtocol

@testable import EventLoop
@testable import Proxy

@Suite("Keeping messages")
struct MessageStoreTests {
    private func kept(_ store: borrowing MessageStore, from number: UInt64 = 0) -> [String] {
        var all: [String] = []
        store.forEach(from: number) { opcode, payload in
            all.append("\(opcode == .text ? "t" : "b")" + payload.indices.map { "\(payload[$0])" }.joined())
        }
        return all
    }

    @Test("they come out in order, from a number on, and without those that are done with")
    func order() {
        let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
        var store = MessageStore(on: account)
        for number in 1...5 as ClosedRange<UInt8> {
            let payload = [number, number]
            store.append(number % 2 == 0 ? .binary : .text, payload.span)
        }
        #expect(kept(store) == ["t11", "b22", "t33", "b44", "t55"] && store.end == 6)
        store.drop(before: 3)
        #expect(store.first == 3 && kept(store) == ["t33", "b44", "t55"])
        #expect(kept(store, from: 5) == ["t55"] && kept(store, from: 6).isEmpty)
        store.drop(before: 9)
        #expect(store.count == 0 && store.first == 9)
        let payload: [UInt8] = [7]
        store.append(.text, payload.span)
        #expect(kept(store, from: 9) == ["t7"])
    }

    @Test("one that is not kept has its number, and is left out")
    func gaps() {
        let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
        var store = MessageStore(on: account)
        let payload: [UInt8] = [1]
        store.append(.text, payload.span)
        store.appendGap()
        store.append(.text, payload.span)
        #expect(kept(store) == ["t1", "t1"] && store.end == 4)
        store.drop(before: 3)
        #expect(kept(store) == ["t1"])
    }

    @Test("all of it is on the account, and off it again; empty messages count too")
    func account() {
        let account = MemoryAccount(on: MemoryLedger(MemoryPool()))
        var store = MessageStore(on: account)
        let none: [UInt8] = []
        let some = [UInt8](repeating: 1, count: 10_000)
        for _ in 0..<100 { store.append(.text, none.span) }
        #expect(store.size > 0 && account.held > 0)
        store.append(.binary, some.span)
        #expect(account.held >= 10_000)
        store.removeAll()
        #expect(account.held == 0 && store.size == 0 && store.first == 102)
    }
}
