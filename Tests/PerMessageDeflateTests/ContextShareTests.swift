import PerMessageDeflate
import Testing

/// A session on a connection with others; what it holds is given back between messages only.
private final class Member: ContextHolder {
    var memoryPlace: ContextMemory.Place
    var heldBytes = 0
    var isBusy = false
    private(set) var counted = 0
    private(set) var asked = 0

    init(_ share: ContextShare?) { memoryPlace = ContextMemory.Place(in: share) }

    func releaseIdleContexts() {
        asked += 1
        if !isBusy { heldBytes = min(heldBytes, 1000) }
    }

    func counted(_ bytes: Int) { counted = bytes }
}

struct ContextShareTests {
    private static let context = 44_000
    private let memory = ContextMemory(budget: 0)

    /// Begins a message for each, as far as there is room; how many have begun.
    private func begin(_ members: [Member], at now: UInt64) -> Int {
        var begun = 0
        for member in members where member.heldBytes < Self.context {
            guard memory.shareTakes(Self.context - member.heldBytes, for: member, at: now) else { continue }
            member.heldBytes = Self.context
            member.isBusy = true
            memory.touched(member)
            begun += 1
        }
        return begun
    }

    @Test func aConnectionThatHasSentNothingHoldsAFewAndMoreAsItSends() {
        let share = ContextShare(most: 1 << 20)
        let members = (0..<100).map { _ in Member(share) }
        #expect(begin(members, at: 0) == ContextShare.least / Self.context)
        #expect(begin(members, at: 1) == 0)
        share.earns(220_000)
        #expect(begin(members, at: 2) == 220_000 / Self.context)
        share.earns(.max)
        #expect(share.room == 1 << 20)
        _ = begin(members, at: 3)
        #expect(share.held <= 1 << 20 && share.held > (1 << 20) - Self.context)
        #expect(members.allSatisfy { $0.counted == $0.heldBytes })
    }

    @Test func thoseBetweenMessagesMakeRoomAndAreAskedNowAndThen() {
        let share = ContextShare(most: 0)
        let members = (0..<20).map { _ in Member(share) }
        let first = begin(members, at: 0)
        // All of them are in the midst of a message.
        #expect(begin(members, at: 100_000_000) == 0)
        let asked = members[0].asked
        #expect(begin(members, at: 100_000_001) == 0 && members[0].asked == asked)
        for member in members { member.isBusy = false }
        #expect(begin(members, at: 200_000_000) == first)
        #expect(members[0].heldBytes == 1000)
        for member in members { memory.forget(member) }
        #expect(share.held == 0 && memory.used == 0)
        #expect(members.allSatisfy { $0.counted == 0 })
    }

    @Test func whoIsAloneOnItsConnectionSharesWithNobody() {
        let members = (0..<20).map { _ in Member(nil) }
        #expect(begin(members, at: 0) == 20)
    }

    @Test func oneContextFitsHoweverLarge() {
        let share = ContextShare(most: 1)
        #expect(share.takes(1 << 30))
    }

    @Test func whatBelongsToNoListCountsAllTheSame() {
        let share = ContextShare(most: 1 << 20)
        do {
            var charge = ContextCharge(to: memory, share)
            charge.set(40_000)
            charge.set(50_000)
            #expect(share.held == 50_000 && memory.used == 50_000)
        }
        #expect(share.held == 0 && memory.used == 0)
    }
}
