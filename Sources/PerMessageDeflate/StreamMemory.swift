internal import CZlib

/// How a stream's block is used: this, then what zlib asks for, piece by piece. zlib gives nothing back but all at once, with
/// the stream.
@unsafe struct StreamMemory {
    /// No piece shares a cache line with another.
    private static let alignment = 64

    var stream: z_stream
    /// Bytes of the block that are taken, and that there are.
    var taken: Int
    let bytes: Int

    /// Makes a stream that takes its memory from this block.
    static func lay(at block: UnsafeMutableRawPointer, bytes: Int) -> UnsafeMutablePointer<z_stream> {
        let memory = unsafe block.bindMemory(to: StreamMemory.self, capacity: 1)
        let taken = unsafe MemoryLayout<StreamMemory>.size
        unsafe memory.initialize(to: StreamMemory(stream: z_stream(), taken: taken, bytes: bytes))
        unsafe memory.pointee.stream.opaque = block
        unsafe memory.pointee.stream.zalloc = { unsafe StreamMemory.take($0, $1, $2) }
        unsafe memory.pointee.stream.zfree = { _, _ in }
        // The stream is the first field.
        return unsafe UnsafeMutableRawPointer(memory).assumingMemoryBound(to: z_stream.self)
    }

    private static func take(
        _ block: UnsafeMutableRawPointer?, _ items: UInt32, _ size: UInt32
    ) -> UnsafeMutableRawPointer? {
        guard let block = unsafe block else { return nil }
        let memory = unsafe block.assumingMemoryBound(to: StreamMemory.self)
        let start = unsafe (memory.pointee.taken + alignment - 1) / alignment * alignment
        let wanted = UInt64(items) * UInt64(size)
        guard let room = unsafe UInt64(exactly: memory.pointee.bytes - start), wanted <= room else {
            return nil
        }
        unsafe memory.pointee.taken = start + Int(wanted)
        return unsafe block + start
    }

    /// Bytes that a stream of this kind takes in all; nil when memory could not be had. zlib is asked rather than foretold:
    /// it differs among its versions and builds.
    static func need(of kind: ContextKind) -> Int? {
        // Many times what zconf.h says, whatever the build; only pages that are used cost anything.
        let bytes = 4 << 20
        guard let block = unsafe trunkline_map_pages(bytes) else { return nil }
        defer { unsafe trunkline_unmap_pages(block, bytes) }
        let stream = unsafe lay(at: block, bytes: bytes)
        switch kind {
        case .deflate(let windowBits, let memoryLevel):
            guard unsafe trunkline_deflate_init(stream, 1, -windowBits, memoryLevel) == Z_OK else {
                return nil
            }
            unsafe deflateEnd(stream)
        case .inflate(let windowBits):
            guard unsafe trunkline_inflate_init(stream, -windowBits) == Z_OK else { return nil }
            // The window is taken when there is something to remember.
            guard unsafe inflateSetDictionary(stream, [0], 1) == Z_OK else { return nil }
            unsafe inflateEnd(stream)
        }
        return unsafe block.assumingMemoryBound(to: StreamMemory.self).pointee.taken
    }
}
