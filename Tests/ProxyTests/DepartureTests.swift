import Testing

@testable import Proxy

@Suite("Peers that ended their side unread")
struct DepartureTests {
    private static let second: UInt64 = 1_000_000_000

    /// Looks whenever it is due, with a mark that grows by so much each time, and returns when it was over.
    private func end(
        growing step: UInt64, isRated: Bool = false, within limit: UInt64, until: UInt64
    ) -> UInt64? {
        var departure = Departure(at: 0)
        var mark = Departure.Mark()
        while departure.due < until {
            let now = departure.due
            if departure.check(mark, isRated: isRated, within: limit, at: now) { return now }
            mark.taken += step
        }
        return nil
    }

    @Test("one whose words get nowhere is waited for as long as nothing may move, a second at least")
    func stands() {
        #expect(end(growing: 0, within: 5 * Self.second, until: 100 * Self.second) == 5 * Self.second)
        #expect(end(growing: 0, within: 0, until: 100 * Self.second) == Self.second)
    }

    @Test("one whose words get on is waited for, without end where the other side is slow")
    func moves() {
        #expect(end(growing: 1, within: 5 * Self.second, until: 1000 * Self.second) == nil)
    }

    @Test("what is over a rate has twelve times that")
    func rated() {
        #expect(
            end(growing: 1, isRated: true, within: 5 * Self.second, until: 1000 * Self.second)
                == 60 * Self.second)
    }

    @Test("all that says that it gets on counts, and nothing is looked at before its time")
    func marks() {
        let marks: [Departure.Mark] = [
            .init(bytes: 1), .init(messages: 1), .init(waiting: 1), .init(taken: 1),
        ]
        for mark in marks {
            var departure = Departure(at: 0)
            _ = departure.check(.init(), isRated: false, within: 2 * Self.second, at: 0)
            let due = departure.due
            #expect(due == Self.second)
            let early = departure.check(mark, isRated: false, within: 2 * Self.second, at: due - 1)
            #expect(!early && departure.due == due)
            let late = departure.check(mark, isRated: false, within: 2 * Self.second, at: 10 * Self.second)
            #expect(!late)
        }
    }
}
