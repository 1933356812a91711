internal import CLinux

/// A system call that failed: which one, and `errno`.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The call, e.g. `connect`.
    package let call: String
    /// The value of `errno`.
    package let code: Int32

    /// An error with a code that is known, as in `SO_ERROR`.
    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The error that the call which has just failed left in `errno`.
    init(_ call: String) {
        self.init(call: call, code: trunkline_errno())
    }

    /// What the C library says of the code, e.g. `Connection refused`.
    package var reason: String {
        // strerror's buffer belongs to the C library (thread-local in glibc) and is copied at once.
        unsafe String(cString: strerror(code))
    }

    /// The call and the kernel's reason, e.g. `connect: Connection refused`.
    package var description: String { "\(call): \(reason)" }

    /// The connection was given up because the process held too much for its peers, and most for this one.
    package static let memoryCut = SystemError(call: "limits.memory", code: ENOBUFS)

    /// The peer answered with RST to a connect: nobody listens there.
    package var isConnectionRefused: Bool { code == ECONNREFUSED }

    /// The process may not do that.
    package var isForbidden: Bool { code == EACCES || code == EPERM }

    /// There is no such file.
    package var isMissing: Bool { code == ENOENT }

    /// Another process holds the address.
    package var isAddressInUse: Bool { code == EADDRINUSE }

    /// No descriptor is left that peers may have: see `SocketBudget`.
    package static let noDescriptor = SystemError(call: "socket", code: EMFILE)

    /// The kernel gives no memory.
    package static let noMemory = SystemError(call: "mmap", code: ENOMEM)

    /// What this process or machine is out of: no peer's fault, and it may pass.
    package enum Shortage: String, Sendable {
        case descriptors, ports, memory
    }

    /// What is lacking, if the error says that something of our own is.
    package var shortage: Shortage? {
        switch code {
        case EMFILE, ENFILE: .descriptors
        // Of bind it says that the address isn't this machine's.
        case EADDRNOTAVAIL: call == "connect" ? .ports : nil
        // Of a new thread it says that there can't be another.
        case EAGAIN: call == "pthread_create" ? .memory : nil
        case ENOBUFS, ENOMEM: self == .memoryCut ? nil : .memory
        default: nil
        }
    }
}
