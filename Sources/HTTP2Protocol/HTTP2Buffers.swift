internal import BasicContainers
internal import CNGHTTP2

/// Buffers that streams take while something waits in them, shared by all connections of a thread: an idle stream holds
/// none, and a busy one allocates none. The library's own buffers and blocks for frames are here too.
@safe package final class HTTP2Buffers {
    /// Connections whose frame buffers have pages of their own. They are address space, not memory.
    private static let mostConnections: UInt32 = 1 << 16

    private static let most = 256
    /// Larger ones go back to the heap.
    private static let largest = 16 * 1024

    private var spare = UniqueArray<UniqueArray<UInt8>>()
    // Unsafe: C memory, as the library's sessions keep its address. They hold this object.
    let frames: UnsafeMutablePointer<trunkline_frame_memory>

    /// None yet.
    package init() {
        unsafe frames = .allocate(capacity: 1)
        // Without it the heap serves.
        _ = unsafe trunkline_frame_memory_open(frames, Self.mostConnections)
    }

    deinit {
        unsafe trunkline_frame_memory_close(frames)
        unsafe frames.deallocate()
    }

    /// Frame buffers that sessions have now, of those with pages of their own.
    package var frameBuffers: Int {
        unsafe Int(frames.pointee.used) - Int(frames.pointee.spare_count)
    }

    func take() -> UniqueArray<UInt8> {
        spare.isEmpty ? UniqueArray<UInt8>(minimumCapacity: 512) : spare.removeLast()
    }

    func release(_ buffer: consuming UniqueArray<UInt8>) {
        guard buffer.capacity > 0, buffer.capacity <= Self.largest, spare.count < Self.most else { return }
        buffer.removeAll(keepingCapacity: true)
        spare.append(buffer)
    }
}
