internal import Synchronization

/// How many holders of each size a loop has. Other threads look at this to find out where the largest are.
///
/// One thread writes. Sizes are told apart by powers of two.
final class MemoryClasses: Sendable {
    private typealias Counts = InlineArray<28, Atomic<Int>>

    /// In bytes. Smaller holders are not counted, and not given up.
    static let least = 4 << 10
    /// Of 4 KiB and more, of 8 KiB and more, and so on.
    static var count: Int { Counts.count }

    private let counts = Counts { _ in Atomic(0) }

    /// Where a holder of so many bytes is counted; -1 = nowhere.
    static func index(of bytes: Int) -> Int {
        let units = bytes / least
        return units <= 0 ? -1 : min(Int.bitWidth - 1 - units.leadingZeroBitCount, count - 1)
    }

    /// The least that a holder counted there holds.
    static func bytes(_ index: Int) -> Int { least << index }

    /// A holder has come into a class, or left it; -1 is none.
    func move(from old: Int, to new: Int) {
        add(-1, at: old)
        add(1, at: new)
    }

    private func add(_ difference: Int, at index: Int) {
        guard index >= 0, index < Self.count else { return }
        counts[index].wrappingAdd(difference, ordering: .relaxed)
    }

    /// Holders that are counted there.
    subscript(index: Int) -> Int { counts[index].load(ordering: .relaxed) }
}
