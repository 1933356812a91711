/// What the compression contexts of all sessions on one connection hold: a few at first, and more as its peer goes on
/// sending. Where there is no room for one more, its message waits until another has ended.
///
/// A context takes many times what it takes to ask for it: without this a connection that carries a hundred sessions
/// would hold megabytes for a few kilobytes.
package final class ContextShare {
    /// Bytes, for a peer that has sent nothing yet: some contexts of the largest kind.
    package static let least = 256 * 1024
    /// Those who are idle are asked no more often than this, in nanoseconds: it takes time for each of them.
    private static let rest: UInt64 = 20_000_000

    private let most: Int
    /// Bytes that are held now.
    package private(set) var held = 0
    private var received: UInt64 = 0
    private var nextAsk: UInt64 = 0
    /// Who holds something. No order; each knows its place.
    private(set) var members: [any ContextHolder] = []

    /// - Parameter most: bytes, however much was sent.
    package init(most: Int) { self.most = max(most, Self.least) }

    /// Bytes that may be held: one more for each that the peer has sent.
    package var room: Int { min(Self.least &+ Int(clamping: min(received, UInt64(most))), most) }

    /// Whether so many bytes more may be held. One context may be, however large.
    package func takes(_ bytes: Int) -> Bool { held == 0 || bytes <= room &- held }

    /// The peer has sent so many bytes more.
    package func earns(_ bytes: UInt64) {
        let (sum, isBeyond) = received.addingReportingOverflow(bytes)
        received = isBeyond ? .max : sum
    }

    func mayAsk(at now: UInt64) -> Bool {
        guard now >= nextAsk else { return false }
        nextAsk = now &+ Self.rest
        return true
    }

    func change(by difference: Int) { held += difference }

    func count(_ holder: any ContextHolder, by difference: Int) {
        held += difference
        guard holder.memoryPlace.position < 0 else { return }
        holder.memoryPlace.position = members.count
        members.append(holder)
    }

    func leave(_ holder: any ContextHolder, with bytes: Int) {
        let position = holder.memoryPlace.position
        guard members.indices.contains(position) else { return }
        held -= bytes
        let last = members.removeLast()
        guard last !== holder else { return }
        members[position] = last
        last.memoryPlace.position = position
    }
}

/// Contexts that are in use for as long as they exist, and belong to no list: they count all the same.
package struct ContextCharge: ~Copyable {
    private let memory: ContextMemory
    private let share: ContextShare?
    private var bytes = 0

    /// None yet.
    package init(to memory: ContextMemory, _ share: ContextShare?) {
        self.memory = memory
        self.share = share
    }

    /// So many bytes are held now.
    package mutating func set(_ new: Int) {
        guard new != bytes else { return }
        memory.change(by: new - bytes)
        share?.change(by: new - bytes)
        bytes = new
    }

    deinit {
        memory.change(by: 0 - bytes)
        share?.change(by: 0 - bytes)
    }
}
