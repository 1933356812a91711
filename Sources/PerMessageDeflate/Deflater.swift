package import BasicContainers
internal import CZlib

/// Compresses the messages of one direction (RFC 7692, 7.2.1), streaming within a message.
///
/// zlib's state exists only while it helps: it is made with the first message, and may be dropped between messages at
/// any time, since a new one refers to nothing and the receiver doesn't notice.
@safe package struct Deflater: ~Copyable {
    private static let chunk = 16 * 1024

    private var stream: ZlibStream?
    private let arena: ContextArena
    private let level: Int32
    private let windowBits: Int32
    private let memoryLevel: Int32
    private let startsAfresh: Bool
    private var isEmptyMessage = true

    /// Takes no memory until the first message, and then from this arena.
    package init(_ direction: DeflateDirection, _ options: DeflateOptions, in arena: ContextArena) {
        self.arena = arena
        level = Int32(options.level)
        windowBits = Int32(direction.windowBits)
        memoryLevel = Int32(options.memoryLevel)
        startsAfresh = direction.startsAfresh
    }

    /// Whether it can compress at all: zlib knows no window of 256 bytes. A sender that may use no larger one sends its
    /// messages uncompressed, which is always allowed (RFC 7692, 6).
    package var isAble: Bool { windowBits >= 9 }

    /// Whether zlib's state is held.
    package var holdsContext: Bool { heldBytes > 0 }

    /// Bytes that are held for zlib's state now.
    package var heldBytes: Int {
        switch stream {
        case .some(let stream): stream.bytes
        case nil: 0
        }
    }

    /// Bytes of zlib's state when it is held.
    package var contextBytes: Int {
        arena.bytes(for: .deflate(windowBits: windowBits, memoryLevel: memoryLevel)) ?? .max
    }

    /// Drops zlib's state. Between messages only; the next message begins a stream that refers to nothing.
    package mutating func releaseContext() {
        stream = nil
    }

    /// Appends what is ready of the compressed message; with `endOfMessage` all of it, without the tail 00 00 FF FF.
    ///
    /// False when memory for zlib's state could not be had.
    package mutating func compress(
        _ input: Span<UInt8>, endOfMessage: Bool, appendingTo output: inout UniqueArray<UInt8>
    ) -> Bool {
        if input.count > 0 { isEmptyMessage = false }
        if endOfMessage, isEmptyMessage {
            // 7.2.3.6: an empty message is an empty block with the tail removed.
            output.append(0)
            return true
        }
        guard let stream = unsafe ready() else { return false }
        // The pointer is used only within this call.
        let source = unsafe input.withUnsafeBufferPointer { unsafe $0 }
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: source.count)
        let flush = endOfMessage ? Z_SYNC_FLUSH : Z_NO_FLUSH
        var isFull = true
        while isFull { isFull = unsafe Deflater.drain(stream, flush, into: &output) }
        guard endOfMessage else { return true }
        // The flush has put its empty block into this very call's output (7.2.1, step 3).
        output.removeLast(min(4, output.count))
        isEmptyMessage = true
        if startsAfresh { unsafe deflateReset(stream) }
        return true
    }

    /// One round of zlib; true when it filled its chunk and may have more.
    @unsafe private static func drain(
        _ stream: UnsafeMutablePointer<z_stream>, _ flush: Int32, into output: inout UniqueArray<UInt8>
    ) -> Bool {
        var isFull = false
        output.append(addingCount: chunk) { (target: inout OutputSpan<UInt8>) in
            unsafe target.withUnsafeMutableBufferPointer { buffer, initialized in
                let room = min(chunk, buffer.count - initialized)
                unsafe stream.pointee.next_out = buffer.baseAddress?.advanced(by: initialized)
                unsafe stream.pointee.avail_out = UInt32(room)
                _ = unsafe CZlib.deflate(stream, flush)
                let left = unsafe Int(stream.pointee.avail_out)
                initialized += room - left
                isFull = left == 0
            }
        }
        return isFull
    }

    @unsafe private mutating func ready() -> UnsafeMutablePointer<z_stream>? {
        if stream == nil {
            stream = ZlibStream(
                deflating: level, windowBits: windowBits, memoryLevel: memoryLevel, in: arena)
        }
        return unsafe stream?.pointer
    }
}
