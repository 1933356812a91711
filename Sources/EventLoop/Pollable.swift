internal import CLinux

/// Something with a descriptor that a loop watches. Subclasses react to readiness.
@safe package class Pollable {
    /// -1 once closed.
    private(set) var descriptor: Int32
    /// Where the loop keeps it; -1 while unwatched.
    var slot: Int32 = -1
    /// What epoll was told last.
    private(set) var interest: UInt32 = 0
    package let loop: EventLoop

    init(_ descriptor: consuming Descriptor, on loop: EventLoop) {
        self.descriptor = descriptor.release()
        self.loop = loop
    }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }

    var isClosed: Bool { descriptor < 0 }

    /// Called by the loop; `broken` is EPOLLERR or EPOLLHUP.
    func ready(readable: Bool, writable: Bool, broken: Bool) {}

    func watch(readable: Bool, writable: Bool) {
        guard descriptor >= 0 else { return }
        let wanted = (readable ? TRUNKLINE_IN : 0) | (writable ? TRUNKLINE_OUT : 0)
        if slot >= 0, wanted == interest { return }
        interest = wanted
        loop.watch(self, events: wanted)
    }

    func closeDescriptor() {
        guard descriptor >= 0 else { return }
        loop.unwatch(self)
        _ = close(descriptor)
        descriptor = -1
    }
}
