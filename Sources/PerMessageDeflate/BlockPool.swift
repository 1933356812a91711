internal import CZlib

/// Blocks of one size, carved from regions of 64: a mapping for each would meet the kernel's limit on those
/// (`vm.max_map_count`) before 50 000 sessions.
@safe final class BlockPool {
    /// Free blocks that keep their pages, so that contexts that come and go cost no page faults.
    private static let warmBytes = 256 * 1024

    let blockBytes: Int
    private let mostWarm: Int
    private var warm: [ContextBlock.Place] = []
    // Those with a block to give; full ones are held by their blocks alone.
    private var open: [BlockRegion] = []

    /// - Parameter blockBytes: whole pages.
    init(blockBytes: Int) {
        self.blockBytes = blockBytes
        mostWarm = max(1, BlockPool.warmBytes / max(blockBytes, 1))
    }

    static func wholePages(_ bytes: Int) -> Int {
        let page = max(Int(trunkline_page_size()), 1)
        return (bytes + page - 1) / page * page
    }

    /// nil when memory could not be had.
    func take() -> ContextBlock? {
        if let place = warm.popLast() { return ContextBlock(place, in: self) }
        if open.isEmpty {
            guard let region = BlockRegion(blockBytes: blockBytes) else { return nil }
            append(region)
        }
        guard let region = open.last, let index = region.take() else { return nil }
        if region.isFull { remove(region) }
        return ContextBlock(ContextBlock.Place(region: region, index: index), in: self)
    }

    func release(_ place: ContextBlock.Place) {
        if warm.count < mostWarm { return warm.append(place) }
        let region = place.region
        let wasFull = region.isFull
        region.release(place.index)
        if region.isEmpty {
            // Forgotten, and thereby unmapped.
            if !wasFull { remove(region) }
        } else if wasFull {
            append(region)
        }
    }

    private func append(_ region: BlockRegion) {
        region.position = open.count
        open.append(region)
    }

    private func remove(_ region: BlockRegion) {
        let last = open.removeLast()
        guard last !== region else { return }
        open[region.position] = last
        last.position = region.position
    }
}

/// 64 blocks in one mapping, which ends with it.
@safe final class BlockRegion {
    private let base: UnsafeMutableRawPointer
    private let blockBytes: Int
    // A bit for each block.
    private var free = UInt64.max
    /// Where its pool keeps it while it is open.
    var position = 0

    /// nil when the kernel gives no memory.
    init?(blockBytes: Int) {
        guard let pages = unsafe trunkline_map_pages(UInt64.bitWidth * blockBytes) else { return nil }
        unsafe base = pages
        self.blockBytes = blockBytes
    }

    deinit { unsafe trunkline_unmap_pages(base, UInt64.bitWidth * blockBytes) }

    var isFull: Bool { free == 0 }
    var isEmpty: Bool { free == .max }

    func take() -> Int? {
        guard free != 0 else { return nil }
        let index = free.trailingZeroBitCount
        free &= free &- 1
        return index
    }

    /// The block's pages go back to the kernel.
    func release(_ index: Int) {
        unsafe trunkline_discard_pages(address(of: index), blockBytes)
        free |= 1 << UInt64(index)
    }

    @unsafe func address(of index: Int) -> UnsafeMutableRawPointer { unsafe base + index * blockBytes }
}
