import Configuration
import Testing

@testable import Proxy

@Suite("A subscriber's place in its feed")
struct SubscriberQueueTests {
    private func queue(
        _ policy: BroadcastConfiguration.SlowClient = .dropOldest, limit: Int = 4, replay: Int = 0,
        oldest: UInt64 = 0, end: UInt64 = 0
    ) -> SubscriberQueue {
        var options = BroadcastConfiguration()
        options.slowClient = policy
        options.queue = limit
        options.replayLast = replay
        return SubscriberQueue(options, oldest: oldest, end: end)
    }

    /// Takes all that it is given.
    private func drain(_ queue: inout SubscriberQueue, oldest: UInt64, end: UInt64, isBehind: Bool)
        -> [UInt64]
    {
        var got: [UInt64] = []
        while case .messages(let range) = queue.turn(oldest: oldest, end: end, isBehind: isBehind) {
            queue.taken(range.count)
            got += range
        }
        return got
    }

    @Test(
        "who joins gets the last messages that are asked for and held",
        arguments: [
            (0, UInt64(0), UInt64(0), []), (0, 0, 9, []), (1, 0, 9, [8]), (3, 0, 9, [6, 7, 8]),
            (3, 7, 9, [7, 8]),
            (5, 0, 2, [0, 1]),
        ] as [(Int, UInt64, UInt64, [UInt64])])
    func replay(count: Int, oldest: UInt64, end: UInt64, expected: [UInt64]) {
        var queue = queue(replay: count, oldest: oldest, end: end)
        #expect(drain(&queue, oldest: oldest, end: end, isBehind: false) == expected)
        #expect(queue.dropped == 0)
    }

    @Test("more than may wait is replayed all the same")
    func longReplay() {
        for policy in [BroadcastConfiguration.SlowClient.dropOldest, .latest, .close] {
            var queue = queue(policy, limit: 2, replay: 6, end: 6)
            #expect(drain(&queue, oldest: 0, end: 6, isBehind: false) == [0, 1, 2, 3, 4, 5])
        }
    }

    @Test("one that keeps up gets everything under every policy")
    func keepsUp() {
        for policy in [BroadcastConfiguration.SlowClient.dropOldest, .latest, .close] {
            var queue = queue(policy)
            for end in 1...UInt64(9) {
                #expect(drain(&queue, oldest: 0, end: end, isBehind: false) == [end - 1])
            }
            #expect(queue.turn(oldest: 0, end: 9, isBehind: false) == .nothing && queue.dropped == 0)
        }
    }

    @Test("the oldest are left out, and counted")
    func dropsOldest() {
        var queue = queue(.dropOldest, limit: 4)
        #expect(drain(&queue, oldest: 0, end: 10, isBehind: true) == [6, 7, 8, 9])
        #expect(queue.dropped == 6)
        // The ring may hold less than may wait, because of its bytes.
        #expect(drain(&queue, oldest: 18, end: 20, isBehind: true) == [18, 19])
        #expect(queue.dropped == 14)
    }

    @Test("only the latest is kept for one that is behind")
    func latest() {
        var queue = queue(.latest, limit: 4)
        #expect(drain(&queue, oldest: 0, end: 3, isBehind: true) == [2])
        #expect(queue.dropped == 2)
        #expect(drain(&queue, oldest: 0, end: 5, isBehind: false) == [3, 4])
    }

    @Test("one that lags too much is closed, whether it takes or not")
    func closes() {
        var queue = queue(.close, limit: 4)
        #expect(!queue.isTooSlow(oldest: 0, end: 4))
        #expect(queue.turn(oldest: 0, end: 4, isBehind: true) == .messages(0..<1))
        #expect(queue.isTooSlow(oldest: 0, end: 5))
        #expect(queue.turn(oldest: 0, end: 5, isBehind: true) == .tooSlow)
        #expect(queue.dropped == 0)
        #expect(!self.queue(.latest).isTooSlow(oldest: 50, end: 90))
    }

    @Test("all that is ready is given at once, but one at a time to one that is behind")
    func together() {
        for policy in [BroadcastConfiguration.SlowClient.dropOldest, .latest, .close] {
            var queue = queue(policy)
            #expect(queue.turn(oldest: 0, end: 3, isBehind: false) == .messages(0..<3))
            // A run may hold fewer.
            queue.taken(2)
            #expect(queue.turn(oldest: 0, end: 4, isBehind: false) == .messages(2..<4))
        }
        var behind = queue(.dropOldest)
        #expect(behind.turn(oldest: 0, end: 3, isBehind: true) == .messages(0..<1))
        behind.taken(1)
        #expect(behind.turn(oldest: 0, end: 3, isBehind: true) == .messages(1..<2))
    }

    @Test("a message counts as taken only when it is under way")
    func taken() {
        var queue = queue()
        #expect(queue.turn(oldest: 0, end: 2, isBehind: false) == .messages(0..<2))
        #expect(queue.turn(oldest: 0, end: 2, isBehind: true) == .messages(0..<1))
        queue.taken(1)
        #expect(queue.turn(oldest: 0, end: 2, isBehind: true) == .messages(1..<2))
    }

    @Test("another policy and another limit hold from where it stands")
    func adopts() {
        var queue = queue(.dropOldest, limit: 8)
        _ = queue.turn(oldest: 0, end: 2, isBehind: false)
        queue.taken(2)
        var options = BroadcastConfiguration()
        options.slowClient = .close
        options.queue = 3
        options.replayLast = 0
        queue.adopt(options)
        #expect(queue.next == 2 && !queue.isTooSlow(oldest: 0, end: 5))
        #expect(queue.turn(oldest: 0, end: 6, isBehind: true) == .tooSlow)
        options.slowClient = .latest
        queue.adopt(options)
        #expect(queue.turn(oldest: 0, end: 6, isBehind: true) == .messages(5..<6) && queue.dropped == 3)
    }
}
