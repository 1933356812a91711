internal import BasicContainers

/// Buffers in which a turn of the loop composes what it sends. They belong to the worker: a session borrows one for the
/// time of a call and holds none while idle.
final class ScratchStack {
    private final class Box {
        var buffer = UniqueArray<UInt8>()
    }

    /// A buffer that has grown beyond so many bytes is not kept: one large message must not cost its memory for ever.
    private static let largestKept = 1 << 20

    private var boxes: [Box] = []
    private var depth = 0

    /// An empty buffer. Give it back in the reverse order of taking.
    func take() -> UniqueArray<UInt8> {
        if depth == boxes.count { boxes.append(Box()) }
        depth += 1
        var taken = UniqueArray<UInt8>()
        swap(&taken, &boxes[depth - 1].buffer)
        return taken
    }

    func release(_ buffer: consuming UniqueArray<UInt8>) {
        guard depth > 0 else { return }
        depth -= 1
        guard buffer.capacity <= Self.largestKept else { return }
        buffer.removeAll(keepingCapacity: true)
        swap(&buffer, &boxes[depth].buffer)
    }
}
