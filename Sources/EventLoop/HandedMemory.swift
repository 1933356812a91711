internal import CLinux

/// Memory that a process leaves to the one that takes its place: a file without a name, which nobody else can open and
/// whose size stands. It never reaches a disk's files, and is gone when both have closed it.
package final class HandedMemory {
    private let descriptor: Descriptor

    /// Its number, to be named to the other process.
    package var number: Int32 { descriptor.number }

    /// Makes it of what `fill` writes.
    ///
    /// - Parameter capacity: bytes, at least one; the most that can be written.
    package init(capacity: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) throws(SystemError) {
        let number = unsafe trunkline_anonymous_file("trunkline", capacity)
        guard number >= 0 else { throw SystemError("memfd_create") }
        let descriptor = Descriptor(number)
        // Unsafe: pages that the kernel gives, written through a span, so that no other copy of them is made.
        guard let pages = unsafe trunkline_map(number, capacity) else { throw SystemError("mmap") }
        defer { unsafe munmap(pages, capacity) }
        let buffer = unsafe UnsafeMutableBufferPointer(
            start: pages.assumingMemoryBound(to: UInt8.self), count: capacity)
        var output = unsafe OutputSpan<UInt8>(buffer: buffer, initializedCount: 0)
        fill(&output)
        let count = unsafe output.finalize(for: buffer)
        guard trunkline_seal_size(number, count) == 0 else { throw SystemError("F_ADD_SEALS") }
        self.descriptor = descriptor
    }
}

/// The same memory in the process that it was left to: overwritten and closed when it is let go of.
@safe package struct InheritedMemory: ~Copyable {
    private let descriptor: Descriptor
    private let pages: UnsafeMutableRawPointer
    private let count: Int

    /// Takes it by its number.
    ///
    /// - Parameter most: bytes; more is not taken.
    /// - Throws: where the number is no such memory. It is then left alone: it is somebody else's.
    package init(_ number: Int32, most: Int) throws(SystemError) {
        guard trunkline_sealed_size(number) >= 0 else { throw SystemError("F_GET_SEALS") }
        try self.init(owning: Descriptor(number), most: most)
    }

    /// Takes it where the descriptor is nobody else's.
    init(owning descriptor: consuming Descriptor, most: Int) throws(SystemError) {
        let size = trunkline_sealed_size(descriptor.number)
        guard size >= 0 else { throw SystemError("F_GET_SEALS") }
        guard let count = Int(exactly: size), count > 0, count <= most else {
            throw SystemError(call: "fstat", code: EFBIG)
        }
        guard let pages = unsafe trunkline_map(descriptor.number, count) else { throw SystemError("mmap") }
        self.descriptor = descriptor
        self.count = count
        unsafe self.pages = unsafe pages
    }

    deinit {
        unsafe explicit_bzero(pages, count)
        unsafe munmap(pages, count)
    }

    /// Reads what was left.
    package borrowing func read<Result, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeBufferPointer(
            start: UnsafePointer(pages.assumingMemoryBound(to: UInt8.self)), count: count)
        return try body(unsafe Span(_unsafeElements: bytes))
    }
}
