internal import CLinux

/// Something with a descriptor that a loop watches. Subclasses react to readiness.
@safe package class Pollable {
    /// -1 once closed.
    private(set) var descriptor: Int32
    /// Where the loop keeps it; -1 while unwatched.
    var slot: Int32 = -1
    /// What is to be told of it. Epoll learns of a change before the loop waits next: what is changed back meanwhile
    /// costs no system call.
    private(set) var interest: UInt32 = 0
    /// What epoll was told last.
    var toldInterest: UInt32 = 0
    /// The loop has it on its list of changes.
    var isChanged = false
    /// The loop that watches it; every call is made on its thread.
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

    /// The peer has ended its side, of which `watch` was to tell.
    func endNoticed() {}

    /// What else is to be told.
    enum Notice {
        case nothing
        /// That the peer has ended its side (`endNoticed`), though nothing is read.
        case end
        /// Only what is new: a connection that is over, with bytes in it that nobody reads, would be told for ever.
        case changes
    }

    func watch(readable: Bool, writable: Bool, notice: Notice = .nothing) {
        guard descriptor >= 0 else { return }
        var wanted = (readable ? TRUNKLINE_IN : 0) | (writable ? TRUNKLINE_OUT : 0)
        switch notice {
        case .nothing: break
        case .end: wanted |= TRUNKLINE_ENDED
        case .changes: wanted |= TRUNKLINE_CHANGES
        }
        interest = wanted
        if slot < 0 || wanted != toldInterest { loop.interestChanged(self) }
    }

    /// Gives the descriptor away, which is watched here no more: whoever takes it must close it.
    func releaseDescriptor() -> Int32 {
        loop.unwatch(self, isShared: true)
        defer { descriptor = -1 }
        return descriptor
    }

    /// - Parameter isShared: whether another descriptor may stand for the same open file. Epoll forgets a file by itself
    ///   with its last descriptor, and not before.
    func closeDescriptor(isShared: Bool = true) {
        guard descriptor >= 0 else { return }
        loop.unwatch(self, isShared: isShared)
        _ = close(descriptor)
        descriptor = -1
    }
}

/// Who takes what a socket brings, if it can't always take as much as fits: a stream, unknown to this module.
package protocol ReadBound: AnyObject {
    /// Bytes that are to be read now; asked before each read.
    var readBound: Int { get }
}
