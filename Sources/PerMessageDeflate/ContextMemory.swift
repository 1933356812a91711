/// Something that holds compression contexts and can do without them between messages.
package protocol ContextHolder: AnyObject {
    /// Bytes of zlib's state and of windows kept for it.
    var heldBytes: Int { get }
    /// Gives back what no message under way needs.
    func releaseIdleContexts()
    /// So many bytes are held by it now: they belong on the account of its peer.
    func counted(_ bytes: Int)
    /// Where `ContextMemory` keeps it; for its use only.
    var memoryPlace: ContextMemory.Place { get set }
}

/// The memory of all contexts on one worker, under a budget. When it is reached, the contexts that have been idle longest
/// are freed first; their sessions rebuild them with their next message, and no peer notices (RFC 7692, 7.2.1).
///
/// A list through the holders themselves: every step takes constant time.
package final class ContextMemory {
    /// A holder's neighbours in the list and what it was last counted with.
    package struct Place {
        /// Of its connection, where that carries many; nil where it is the only one.
        package let share: ContextShare?
        /// In the share; -1 = not.
        var position = -1
        fileprivate var older: (any ContextHolder)?
        fileprivate var newer: (any ContextHolder)?
        fileprivate var counted = 0
        fileprivate var isListed = false

        /// Not in any list.
        package init(in share: ContextShare? = nil) { self.share = share }
    }

    /// Where they live.
    package let arena = ContextArena()
    /// Bytes; all that may be held.
    package let budget: Int
    /// Bytes that are held now.
    package private(set) var used = 0
    private var oldest: (any ContextHolder)?
    private var newest: (any ContextHolder)?

    /// - Parameter budget: bytes; 0 = no limit.
    package init(budget: Int) { self.budget = budget > 0 ? budget : .max }

    /// How full the budget is: 0 to 1, and above when receivers' windows alone exceed it.
    package var pressure: Double { Double(used) / Double(budget) }

    /// The holder has just been used: it is the last to be freed, and what it holds is counted anew.
    package func touched(_ holder: any ContextHolder) {
        if newest !== holder {
            unlink(holder)
            link(holder)
        }
        count(holder)
        if used > budget { _ = makeRoom(for: 0, sparing: nil) }
    }

    /// Frees idle contexts, the oldest first, until this many bytes fit. False when they can't be had: what is left is
    /// in use or must be kept.
    ///
    /// Whoever was asked has nothing left to give until it is used again, and leaves the line: nobody is asked twice, however
    /// many keep what they must.
    package func makeRoom(for bytes: Int, sparing spared: (any ContextHolder)?) -> Bool {
        var candidate = oldest
        while used > budget - min(bytes, budget), let holder = candidate {
            candidate = holder.memoryPlace.newer
            guard holder !== spared else { continue }
            release(holder)
            unlink(holder)
        }
        return used <= budget - min(bytes, budget)
    }

    /// There is no memory, whatever the budget says: those that have been idle longest give theirs back, some at a time.
    package func giveUpOldest(sparing spared: (any ContextHolder)?) {
        var candidate = oldest
        for _ in 0..<64 {
            guard let holder = candidate else { return }
            candidate = holder.memoryPlace.newer
            guard holder !== spared else { continue }
            release(holder)
            unlink(holder)
        }
    }

    /// Whether the connection of this holder may hold so many bytes more. The idle contexts of those beside it make room.
    package func shareTakes(_ bytes: Int, for holder: any ContextHolder, at now: UInt64) -> Bool {
        guard let share = holder.memoryPlace.share, !share.takes(bytes) else { return true }
        guard share.mayAsk(at: now) else { return false }
        for other in share.members where other !== holder { release(other) }
        return share.takes(bytes)
    }

    private func release(_ holder: any ContextHolder) {
        holder.releaseIdleContexts()
        count(holder)
    }

    /// Contexts that are in use for as long as they exist.
    func change(by difference: Int) { used += difference }

    /// The holder goes away with all it holds.
    package func forget(_ holder: any ContextHolder) {
        used -= holder.memoryPlace.counted
        unlink(holder)
        let share = holder.memoryPlace.share
        share?.leave(holder, with: holder.memoryPlace.counted)
        holder.memoryPlace = Place(in: share)
        holder.counted(0)
    }

    private func count(_ holder: any ContextHolder) {
        let held = holder.heldBytes
        let difference = held - holder.memoryPlace.counted
        guard difference != 0 else { return }
        used += difference
        holder.memoryPlace.counted = held
        holder.memoryPlace.share?.count(holder, by: difference)
        holder.counted(held)
    }

    private func link(_ holder: any ContextHolder) {
        holder.memoryPlace.older = newest
        holder.memoryPlace.isListed = true
        newest?.memoryPlace.newer = holder
        newest = holder
        if oldest == nil { oldest = holder }
    }

    private func unlink(_ holder: any ContextHolder) {
        let place = holder.memoryPlace
        guard place.isListed else { return }
        if let older = place.older { older.memoryPlace.newer = place.newer } else { oldest = place.newer }
        if let newer = place.newer { newer.memoryPlace.older = place.older } else { newest = place.older }
        holder.memoryPlace.older = nil
        holder.memoryPlace.newer = nil
        holder.memoryPlace.isListed = false
    }
}

extension DeflateOptions {
    /// What a new session is offered when this share of the memory is used: smaller windows from a half and from three
    /// quarters on, no context takeover from nine tenths on, and nothing when it is full.
    package func shrunk(at pressure: Double) -> DeflateOptions? {
        switch pressure {
        case ..<0.5: self
        case ..<0.75: with(windowBits: 11, memoryLevel: 4, contextTakeover: contextTakeover)
        case ..<0.9: with(windowBits: 10, memoryLevel: 3, contextTakeover: contextTakeover)
        case ..<1: with(windowBits: 10, memoryLevel: 3, contextTakeover: false)
        default: nil
        }
    }

    /// The same, with every message by itself.
    package var withoutContextTakeover: DeflateOptions {
        with(windowBits: windowBits, memoryLevel: memoryLevel, contextTakeover: false)
    }

    private func with(windowBits: Int, memoryLevel: Int, contextTakeover: Bool) -> DeflateOptions {
        DeflateOptions(
            level: level, windowBits: min(windowBits, self.windowBits),
            memoryLevel: min(memoryLevel, self.memoryLevel), contextTakeover: contextTakeover,
            minimumSize: minimumSize)
    }
}
