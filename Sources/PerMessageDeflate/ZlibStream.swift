internal import CZlib

/// One of zlib's streams, in a block that also has everything zlib takes for it. It must not move, since zlib keeps a
/// pointer back to it, and in its block it doesn't.
@safe struct ZlibStream: ~Copyable {
    /// The stream as zlib wants it.
    let pointer: UnsafeMutablePointer<z_stream>
    private let block: ContextBlock
    private let isDeflate: Bool

    /// nil when memory could not be had.
    init?(deflating level: Int32, windowBits: Int32, memoryLevel: Int32, in arena: ContextArena) {
        let kind = ContextKind.deflate(windowBits: windowBits, memoryLevel: memoryLevel)
        guard let block = arena.take(for: kind) else { return nil }
        let stream = unsafe StreamMemory.lay(at: block.address, bytes: block.bytes)
        guard unsafe trunkline_deflate_init(stream, level, -windowBits, memoryLevel) == Z_OK else {
            return nil
        }
        unsafe pointer = stream
        self.block = block
        isDeflate = true
    }

    /// nil when memory could not be had.
    init?(inflating windowBits: Int32, in arena: ContextArena) {
        guard let block = arena.take(for: .inflate(windowBits: windowBits)) else { return nil }
        let stream = unsafe StreamMemory.lay(at: block.address, bytes: block.bytes)
        guard unsafe trunkline_inflate_init(stream, -windowBits) == Z_OK else { return nil }
        unsafe pointer = stream
        self.block = block
        isDeflate = false
    }

    deinit { _ = unsafe isDeflate ? deflateEnd(pointer) : inflateEnd(pointer) }

    /// All that is held for it.
    var bytes: Int { block.bytes }
}
