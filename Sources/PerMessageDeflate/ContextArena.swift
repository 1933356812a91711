/// The memory of one worker's zlib contexts.
///
/// From the heap, a context would be five pieces between others' small ones that live long: freed, most of it would stay
/// with the process. Here it is one block of whole pages (`ContextBlock`), and freeing it gives them back to the
/// kernel, but for a few that are kept warm for whoever comes next.
///
/// A worker's alone, as all that a session touches: there is no lock.
package final class ContextArena {
    private var pools: [Int: BlockPool] = [:]
    private var sizes: [ContextKind: Int] = [:]

    /// Takes no memory until the first context.
    package init() {}

    /// Bytes that one context of this kind takes, in whole pages; nil when there is no memory even to find out.
    func bytes(for kind: ContextKind) -> Int? {
        if let size = sizes[kind] { return size }
        guard let need = unsafe StreamMemory.need(of: kind) else { return nil }
        let size = BlockPool.wholePages(need)
        sizes[kind] = size
        return size
    }

    /// nil when memory could not be had.
    func take(for kind: ContextKind) -> ContextBlock? {
        guard let size = bytes(for: kind) else { return nil }
        if let pool = pools[size] { return pool.take() }
        let pool = BlockPool(blockBytes: size)
        pools[size] = pool
        return pool.take()
    }
}

/// What decides how much memory zlib takes for a stream.
enum ContextKind: Hashable {
    case deflate(windowBits: Int32, memoryLevel: Int32)
    case inflate(windowBits: Int32)
}
