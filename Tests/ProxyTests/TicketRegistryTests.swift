import TLS
import Testing

@testable import Proxy

@Suite("Ticket keys by listener")
struct TicketRegistryTests {
    @Test("another process goes on with them, and changes them when they were due")
    func handed() throws {
        let old = TicketRegistry()
        _ = try old.keys(for: "a", rotatedEvery: .nanoseconds(100))
        _ = try old.keys(for: "gone", rotatedEvery: .nanoseconds(100))
        #expect(old.rotate(at: 1000) == 1100)
        let new = TicketRegistry()
        let keys = try new.keys(for: "a", rotatedEvery: .nanoseconds(100))
        let other = try new.keys(for: "b", rotatedEvery: .nanoseconds(100))
        let own = other.secrets[0]
        #expect(new.take(old.handed, at: 1050) == 1)
        let handed = try #require(old.handed.first)
        #expect(keys.secrets[0].isSame(as: handed.secrets[0]) && other.secrets[0].isSame(as: own))
        #expect(new.rotate(at: 1050) == 1100)
        #expect(new.rotate(at: 1100) == 1150)
        #expect(keys.secrets.count == 2 && keys.secrets[1].isSame(as: handed.secrets[0]))
    }

    @Test("a period of its own, or a time that is too far, counts from now")
    func due() throws {
        let old = TicketRegistry()
        _ = try old.keys(for: "a", rotatedEvery: .nanoseconds(1000))
        _ = old.rotate(at: 0)
        let shorter = TicketRegistry()
        _ = try shorter.keys(for: "a", rotatedEvery: .nanoseconds(10))
        _ = shorter.take(old.handed, at: 5)
        #expect(shorter.rotate(at: 5) == 15)
        let early = TicketRegistry()
        _ = try early.keys(for: "a", rotatedEvery: .nanoseconds(1000))
        let far = old.handed.map {
            HandedState.Tickets(listener: $0.listener, secrets: $0.secrets, period: 1000, due: .max)
        }
        _ = early.take(far, at: 5)
        #expect(early.rotate(at: 5) == 1005)
    }
}
