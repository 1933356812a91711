internal import CLinux

/// Is told of each accepted connection.
package protocol ListenerHandler: AnyObject {
    /// The socket is not reading yet.
    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress)
    /// Accepting failed; it goes on by itself after a pause.
    func listener(_ listener: ListenerSocket, failed error: SystemError)
}

/// A bound and listening socket, made before the loop that will accept from it exists, so that an address that can't
/// be had is known before anything runs.
package struct BoundListener: ~Copyable, Sendable {
    /// Connections that may wait to be accepted; the kernel may hold it lower (`net.core.somaxconn`).
    package static let backlog: Int32 = 4096

    let descriptor: Int32
    /// The address it got: with port 0 asked for, the port that the kernel chose.
    package let address: SocketAddress

    /// Binds and listens. With `sharesPort`, several sockets of this process may listen on the same address and the
    /// kernel spreads the connections over them.
    package init(
        _ address: SocketAddress, sharesPort: Bool, permissions: SocketPermissions = SocketPermissions(),
        backlog: Int32 = BoundListener.backlog
    )
        throws(SystemError)
    {
        let socket = try SocketCalls.open(address.family)
        if !address.isUnix {
            try SocketCalls.set(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
            SocketCalls.setUp(socket.number)
        }
        if address.family == AF_INET6 {
            try SocketCalls.set(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        }
        if sharesPort, !address.isUnix { try SocketCalls.set(socket.number, SOL_SOCKET, SO_REUSEPORT, 1) }
        if address.isUnix {
            SocketCalls.removeStaleSocket(address)
            permissions.restrict(socket.number)
        }
        try SocketCalls.bind(socket.number, address)
        if address.isUnix { try permissions.apply(to: address.unixPath) }
        try SocketCalls.listen(socket.number, backlog: backlog)
        self.address = try SocketCalls.localAddress(socket.number)
        descriptor = socket.release()
    }

    /// Takes over a listening socket that this process was started with; throws when the descriptor is none.
    package init(inherited descriptor: Int32) throws(SystemError) {
        let owned = Descriptor(descriptor)
        guard trunkline_is_listening(descriptor) == 1 else { throw SystemError(call: "listen", code: EINVAL) }
        address = try SocketCalls.localAddress(descriptor)
        trunkline_set_close_on_exec(descriptor)
        trunkline_set_nonblocking(descriptor)
        if !address.isUnix { SocketCalls.setUp(descriptor) }
        self.descriptor = owned.release()
    }

    init(descriptor: Int32, address: SocketAddress) {
        self.descriptor = descriptor
        self.address = address
    }

    /// The address that a socket bound to this one would get, if it can be had; nothing listens on it meanwhile.
    package static func probe(_ address: SocketAddress) throws(SystemError) -> SocketAddress {
        let socket = try SocketCalls.open(address.family)
        try SocketCalls.set(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 {
            try SocketCalls.set(socket.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
        }
        try SocketCalls.bind(socket.number, address)
        // Two sockets may be bound to an address as long as none listens: only listening shows that it is free.
        try SocketCalls.listen(socket.number, backlog: 1)
        return try SocketCalls.localAddress(socket.number)
    }

    /// The address of a listening socket that this process was started with; nil when the descriptor is none.
    package static func address(of descriptor: Int32) -> SocketAddress? {
        guard trunkline_is_listening(descriptor) == 1 else { return nil }
        return try? SocketCalls.localAddress(descriptor)
    }

    /// Closes a descriptor that this process was started with and doesn't want.
    package static func drop(_ descriptor: Int32) { _ = CLinux.close(descriptor) }

    /// Its number, for a process that is to inherit it. It stays ours.
    package var number: Int32 { descriptor }

    /// Whether other sockets may be bound to the same address beside it.
    package var sharesPort: Bool { trunkline_shares_port(descriptor) == 1 }

    /// Another handle on the same listening socket: Unix sockets can't share an address, so loops share the socket.
    package func duplicate() -> BoundListener {
        BoundListener(descriptor: trunkline_duplicate(descriptor), address: address)
    }

    deinit { _ = close(descriptor) }

    consuming func release() -> Int32 {
        let descriptor = self.descriptor
        discard self
        return descriptor
    }
}

/// Accepts connections on one loop.
package final class ListenerSocket: Pollable, TimerTarget {
    private static let pauseAfterShortage: UInt64 = 100_000_000

    private weak var handler: (any ListenerHandler)?
    private var pace = AcceptPace()

    /// Watches a bound socket; call `start`.
    package init(_ bound: consuming BoundListener, on loop: EventLoop, handler: any ListenerHandler) {
        self.handler = handler
        super.init(Descriptor(bound.release()), on: loop)
    }

    /// Begins to accept.
    package func start() { watch(readable: true, writable: false) }

    /// Leaves new connections in the kernel's queue for now.
    package func pause() { watch(readable: false, writable: false) }

    /// Stops listening for good: whoever waits in the queue is reset.
    package func close() { closeDescriptor() }

    /// Takes all that wait in the queue, then stops listening. No more than the queue can hold: who goes on coming would
    /// hold the loop for as long as he likes.
    package func retire() {
        for _ in 0..<BoundListener.backlog where !isClosed {
            guard let accepted = try? acceptOne() else { break }
            handler?.listener(self, accepted: accepted.0, from: accepted.1)
        }
        closeDescriptor()
    }

    /// Listens again after a rest.
    package func timerFired(_ kind: UInt8) {
        if !isClosed { start() }
    }

    override func ready(readable: Bool, writable: Bool, broken: Bool) {
        for _ in 0..<pace.ready(in: loop.turns) where !isClosed {
            do throws(SystemError) {
                guard let (descriptor, address) = try acceptOne() else { return }
                handler?.listener(self, accepted: descriptor, from: address)
            } catch {
                handler?.listener(self, failed: error)
                // Out of descriptors: the connection stays queued and epoll would report it in a tight loop.
                pause()
                _ = loop.schedule(self, kind: 0, after: Self.pauseAfterShortage)
                return
            }
        }
    }

    private func acceptOne() throws(SystemError) -> (StreamSocket, SocketAddress)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let number = unsafe trunkline_accept(descriptor, &storage, &length)
        guard number >= 0 else {
            let code = trunkline_errno()
            if code == EAGAIN || code == EINTR || code == ECONNABORTED { return nil }
            throw SystemError(call: "accept", code: code)
        }
        let socket = StreamSocket(Descriptor(number), on: loop, SocketPlace(isClient: true))
        return (socket, SocketAddress(storage: storage, length: length))
    }
}
