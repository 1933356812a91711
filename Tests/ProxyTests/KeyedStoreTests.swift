import Access
import Configuration
import Testing

@testable import Proxy

@Suite("Keys of limits.per")
struct KeyedStoreTests {
    private func store(_ change: (inout KeyedLimitConfiguration) -> Void) -> KeyedStore {
        var limit = KeyedLimitConfiguration()
        change(&limit)
        let store = KeyedStore("client_ip")
        store.adopt(KeyedNumbers(limit))
        return store
    }

    private func refusal(_ store: KeyedStore, _ key: String, isSession: Bool = true, at now: UInt64 = 1)
        -> String?
    {
        do throws(Fault) {
            _ = try store.enter(key, isSession: isSession, at: now)
            return nil
        } catch {
            guard case .access(.overLimit(let limit, _, let time)) = error.kind else { return "?" }
            return "\(limit) \(time.components.seconds)"
        }
    }

    @Test("places are counted by key, those of sessions for themselves, and are given back")
    func places() throws {
        let store = store {
            $0.connections = 3
            $0.sessions = 2
        }
        let first = try store.enter("a", isSession: true, at: 1)
        #expect(refusal(store, "a") == nil)
        #expect(refusal(store, "a") == "sessions 1")
        #expect(refusal(store, "a", isSession: false) == nil)
        #expect(refusal(store, "a", isSession: false) == "connections 1")
        #expect(refusal(store, "b") == nil)
        first.leave(isSession: true)
        #expect(refusal(store, "a") == nil && refusal(store, "a") == "connections 1")
        #expect(store.count == 2)
    }

    @Test("a handshake too many takes no place, and says when there is room again")
    func handshakes() {
        let store = store {
            $0.upgradesPerMinute = 6
            $0.burst = .count(2)
            $0.sessions = 3
        }
        #expect(refusal(store, "a") == nil && refusal(store, "a") == nil)
        for _ in 0..<9 { #expect(refusal(store, "a") == "upgrades_per_minute 11") }
        #expect(refusal(store, "a", at: 10_000_000_001) == nil)
        #expect(refusal(store, "a", at: 30_000_000_001) == "sessions 1")
    }

    @Test("what a reload changes counts from then on")
    func numbers() {
        let store = store { $0.sessions = 1 }
        let version = store.currentVersion
        #expect(refusal(store, "a") == nil && refusal(store, "a") == "sessions 1")
        store.adopt(store.numbers.value)
        #expect(store.currentVersion == version)
        store.adopt(KeyedNumbers())
        #expect(refusal(store, "a") == nil && store.currentVersion == version + 1)
    }

    @Test("any number of keys takes no more than there is room for, and who is there stays counted")
    func bound() {
        let store = store { $0.sessions = 1 }
        #expect(refusal(store, "here") == nil)
        for key in 0..<100_000 {
            guard let entry = try? store.enter("\(key)", isSession: true, at: 1) else { continue }
            entry.leave(isSession: true)
        }
        #expect(store.count <= 65_537)
        #expect(refusal(store, "here") == "sessions 1")
    }
}
