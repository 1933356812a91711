internal import BasicContainers

/// Buffers that streams take while something waits in them, shared by all connections of a thread: an idle stream holds
/// none, and a busy one allocates none.
package final class HTTP2Buffers {
    private static let most = 256
    /// Larger ones go back to the heap.
    private static let largest = 16 * 1024

    private var spare = UniqueArray<UniqueArray<UInt8>>()

    /// None yet.
    package init() {}

    func take() -> UniqueArray<UInt8> {
        spare.isEmpty ? UniqueArray<UInt8>(minimumCapacity: 512) : spare.removeLast()
    }

    func release(_ buffer: consuming UniqueArray<UInt8>) {
        guard buffer.capacity > 0, buffer.capacity <= Self.largest, spare.count < Self.most else { return }
        buffer.removeAll(keepingCapacity: true)
        spare.append(buffer)
    }
}
