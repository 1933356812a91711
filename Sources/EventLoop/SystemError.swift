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

    /// Another process holds the address.
    package var isAddressInUse: Bool { code == EADDRINUSE }

    /// The process or the machine is out of descriptors or socket memory: it may pass.
    var isShortage: Bool { code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM }
}
