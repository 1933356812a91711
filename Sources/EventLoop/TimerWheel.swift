/// Names one scheduled timer. A token outlives its timer harmlessly: cancelling it again does nothing.
package struct TimerToken: Equatable {
    /// None: of no timer.
    package static let none = TimerToken(index: -1, generation: 0)

    let index: Int32
    let generation: UInt32
}

/// A hierarchical timer wheel: inserting and cancelling cost O(1), whatever the number of timers.
///
/// Time is counted in ticks of about 4 ms since an origin given by the owner. Six levels of 64 slots reach beyond
/// eight years. A timer fires at or up to one tick after its deadline, never before. The wheel reads no clock.
struct TimerWheel<Payload> {
    private struct Node {
        var payload: Payload?
        var deadline: UInt64 = 0
        var next: Int32 = -1
        var previous: Int32 = -1
        var slot: Int32 = -1
        var generation: UInt32 = 0

        // A node is changed in one go: each access to the list of them asks whether it is shared.

        mutating func begin(_ payload: Payload, _ deadline: UInt64) -> UInt32 {
            self.payload = payload
            self.deadline = deadline
            return generation
        }

        mutating func stand(in slot: Int, before next: Int32) {
            self.slot = Int32(truncatingIfNeeded: slot)
            self.next = next
            previous = -1
        }

        mutating func end(before next: Int32) -> Payload? {
            generation &+= 1
            slot = -1
            self.next = next
            return payload.take()
        }
    }

    static var tickShift: UInt64 { 22 }
    private static var levels: Int { 6 }
    private static var slotBits: Int { 6 }

    private var nodes: [Node] = []
    private var firstFree: Int32 = -1
    private var heads = [Int32](repeating: -1, count: 6 * 64)
    private var occupied = [UInt64](repeating: 0, count: 6)
    private var tick: UInt64
    /// How many timers are scheduled.
    private(set) var count = 0

    init(now: UInt64) { tick = now >> Self.tickShift }

    /// Schedules a payload for a time in nanoseconds; a time that has passed fires with the next `advance`.
    mutating func schedule(_ payload: Payload, at nanoseconds: UInt64) -> TimerToken {
        let rounded = nanoseconds.addingReportingOverflow((1 << Self.tickShift) - 1)
        let deadline = (rounded.overflow ? UInt64.max : rounded.partialValue) >> Self.tickShift
        let index = takeNode()
        let generation = nodes[Int(index)].begin(payload, max(deadline, tick &+ 1))
        link(index)
        count += 1
        return TimerToken(index: index, generation: generation)
    }

    /// Forgets a timer; one that has fired or was cancelled is ignored.
    mutating func cancel(_ token: TimerToken) {
        let index = Int(token.index)
        guard index >= 0, index < nodes.count, nodes[index].generation == token.generation,
            nodes[index].slot >= 0
        else { return }
        unlink(token.index)
        _ = freeNode(token.index)
    }

    /// The time in nanoseconds at which `advance` has something to do next; nil when nothing is scheduled.
    var nextDeadline: UInt64? {
        guard count > 0 else { return nil }
        var best = UInt64.max
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(level * Self.slotBits)
            let position = (tick >> shift) & 63
            // Rotate so that bit 0 is the slot after the current one: the first set bit is the next to be looked at.
            let rotation = (position + 1) & 63
            let rotated =
                (occupied[level] >> rotation) | (rotation == 0 ? 0 : occupied[level] << (64 - rotation))
            let distance = UInt64(rotated.trailingZeroBitCount) + 1
            best = min(best, ((tick >> shift) + distance) << shift)
        }
        return best << Self.tickShift
    }

    /// Moves time on and appends to `expired` all that is due.
    mutating func advance(to nanoseconds: UInt64, expired: inout [Payload]) {
        let target = nanoseconds >> Self.tickShift
        while tick < target {
            guard let next = nextDeadline, (next >> Self.tickShift) <= target else {
                tick = target
                return
            }
            tick = max(next >> Self.tickShift, tick + 1)
            cascade()
            drain(slot: Int(tick & 63), into: &expired)
        }
    }

    /// When lower levels wrap, the slot above that begins now is spread over them.
    private mutating func cascade() {
        var level = 1
        while level < Self.levels, tick & ((1 << UInt64(level * Self.slotBits)) - 1) == 0 {
            let slot = level * 64 + Int((tick >> UInt64(level * Self.slotBits)) & 63)
            var index = heads[slot]
            heads[slot] = -1
            occupied[level] &= ~(1 << UInt64(slot & 63))
            while index >= 0 {
                let next = nodes[Int(index)].next
                link(index)
                index = next
            }
            level += 1
        }
    }

    private mutating func drain(slot: Int, into expired: inout [Payload]) {
        var index = heads[slot]
        heads[slot] = -1
        occupied[0] &= ~(1 << UInt64(slot))
        while index >= 0 {
            let next = nodes[Int(index)].next
            if let payload = freeNode(index) { expired.append(payload) }
            index = next
        }
    }

    private mutating func link(_ index: Int32) {
        let deadline = nodes[Int(index)].deadline
        let distance = deadline > tick ? deadline - tick : 0
        let highest = distance == 0 ? 0 : 63 - distance.leadingZeroBitCount
        var level = min(highest / Self.slotBits, Self.levels - 1)
        // A slot that the current tick is in has been looked at already: such a timer belongs one level lower.
        if level > 0, (deadline >> UInt64(level * 6)) == (tick >> UInt64(level * 6)) { level -= 1 }
        let slot = level * 64 + Int((deadline >> UInt64(level * Self.slotBits)) & 63)
        let head = heads[slot]
        nodes[Int(index)].stand(in: slot, before: head)
        if head >= 0 { nodes[Int(head)].previous = index }
        heads[slot] = index
        occupied[level] |= 1 << UInt64(slot & 63)
    }

    private mutating func unlink(_ index: Int32) {
        let (next, previous) = (nodes[Int(index)].next, nodes[Int(index)].previous)
        if next >= 0 { nodes[Int(next)].previous = previous }
        if previous >= 0 {
            nodes[Int(previous)].next = next
        } else {
            let slot = Int(nodes[Int(index)].slot)
            heads[slot] = next
            if next < 0 { occupied[slot / 64] &= ~(1 << UInt64(slot & 63)) }
        }
    }

    private mutating func takeNode() -> Int32 {
        if firstFree >= 0 {
            let index = firstFree
            firstFree = nodes[Int(index)].next
            return index
        }
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    private mutating func freeNode(_ index: Int32) -> Payload? {
        let payload = nodes[Int(index)].end(before: firstFree)
        firstFree = index
        count -= 1
        return payload
    }
}
