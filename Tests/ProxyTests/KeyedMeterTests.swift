import Access
import Configuration
import Testing

@testable import Proxy

@Suite("What peers send by their keys")
struct KeyedMeterTests {
    private static let second: UInt64 = 1_000_000_000

    private func place(_ change: (inout KeyedLimitConfiguration) -> Void) throws -> KeyedPlaces.Place {
        var limit = KeyedLimitConfiguration()
        change(&limit)
        let store = KeyedStore("client_ip")
        store.adopt(KeyedNumbers(limit))
        return (store, try store.enter("key", isSession: true, at: 1))
    }

    @Test("the sessions of four workers have the rate together, to 5 %")
    func exact() throws {
        let place = try place {
            $0.messagesPerSecond = 1000
            $0.burst = .time(.zero)
        }
        let workers = (0..<4).map { _ in KeyedShares() }
        var meters = workers.flatMap { shares in
            (0..<3).compactMap { _ in KeyedMeter([place], .client, shares) }
        }.map { (meter: $0, messages: UInt64(0), until: UInt64(0)) }
        #expect(meters.count == 12)
        for now in stride(from: UInt64(1), to: 10 * Self.second, by: 200_000) {
            for index in meters.indices where meters[index].until <= now {
                meters[index].messages += 1
                let excess = meters[index].meter.took(messages: meters[index].messages, bytes: 0, at: now)
                meters[index].until = now + (excess?.wait ?? 0)
            }
        }
        let all = meters.reduce(0) { $0 + $1.messages }
        #expect(all > 9_500 && all < 10_500, "\(all)")
    }

    @Test("each direction has the rate of bytes, and only clients that of messages")
    func directions() throws {
        let place = try place {
            $0.bytesPerSecond = 1000
            $0.messagesPerSecond = 1
            $0.burst = .time(.seconds(1))
        }
        let shares = KeyedShares()
        let client = try #require(KeyedMeter([place], .client, shares))
        let backend = try #require(KeyedMeter([place], .backend, shares))
        #expect(client.took(messages: 1, bytes: 1000, at: 1) == nil)
        #expect(backend.took(messages: 500, bytes: 1000, at: 1) == nil)
        let excess = try #require(backend.took(messages: 501, bytes: 3000, at: 1))
        #expect(excess.limit == "bytes_per_second" && excess.wait == 2 * Self.second)
        #expect(client.took(messages: 2, bytes: 1000, at: 1)?.limit == "messages_per_second")
    }

    @Test("one that closes counts before one that waits, and a change of the numbers at once")
    func closing() throws {
        let slow = try place {
            $0.messagesPerSecond = 1
            $0.burst = .count(1)
        }
        let firm = try place {
            $0.messagesPerSecond = 2
            $0.burst = .count(1)
            $0.closesOverRate = true
        }
        for places in [[slow, firm], [firm, slow]] {
            let meter = try #require(KeyedMeter(places, .client, KeyedShares()))
            #expect(meter.took(messages: 5, bytes: 0, at: 1)?.closeCode == 4429)
        }
        let meter = try #require(KeyedMeter([firm, slow], .client, KeyedShares()))
        firm.store.adopt(KeyedNumbers())
        #expect(meter.took(messages: 5, bytes: 0, at: 1)?.closeCode == nil)
        slow.store.adopt(KeyedNumbers())
        #expect(meter.took(messages: 500, bytes: 0, at: 1) == nil)
        #expect(KeyedMeter([firm, slow], .client, KeyedShares()) == nil)
    }
}
