internal import CLinux

/// A file descriptor that closes itself: sockets, epoll, eventfd, signalfd.
package struct Descriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Gives the number away: whoever takes it must close it.
    consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }
}

/// The socket calls, each with its error as a typed value.
enum SocketCalls {
    static func open(_ family: Int32) throws(SystemError) -> Descriptor {
        let number = trunkline_socket(family)
        guard number >= 0 else { throw SystemError("socket") }
        return Descriptor(number)
    }

    static func set(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
        guard trunkline_set_option(fd, level, name, value) == 0 else { throw SystemError("setsockopt") }
    }

    /// What each TCP socket of ours is to be. What a listening one is told holds for those accepted from it (tcp(7)). One that
    /// connects is told the rest when it matters (`YoungSockets`, `StreamSocket.boundUnsent`).
    static func setUp(_ fd: Int32) {
        sendAtOnce(fd)
        keepAlive(fd)
        keepUnsentBounded(fd)
    }

    static func sendAtOnce(_ fd: Int32) { try? set(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

    /// Has the kernel ask a silent host whether it is there (RFC 9293, 3.8.4), so that one that has gone is found where
    /// nothing of ours asks: after a minute of silence, four times in another one.
    static func keepAlive(_ fd: Int32) {
        let options = [(TCP_KEEPIDLE, Int32(60)), (TCP_KEEPINTVL, 15), (TCP_KEEPCNT, 4)]
        for (name, value) in options { try? set(fd, Int32(IPPROTO_TCP), name, value) }
        try? set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    /// Bounds what the kernel takes beyond what it has sent: else it says that there is room only when a third of a buffer of
    /// megabytes is free, a slow peer's other side stands for minutes, and our Pings and Closes wait behind all of it.
    static func keepUnsentBounded(_ fd: Int32) {
        try? set(fd, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, 256 * 1024)
    }

    static func bind(_ fd: Int32, _ address: SocketAddress) throws(SystemError) {
        var storage = address.storage
        guard unsafe trunkline_bind(fd, &storage, address.length) == 0 else { throw SystemError("bind") }
    }

    /// A process that was killed leaves its socket's file behind. One that nobody listens on any more may go.
    static func removeStaleSocket(_ address: SocketAddress) {
        guard let probe = try? open(address.family) else { return }
        do throws(SystemError) {
            _ = try connect(probe.number, address)
        } catch {
            if error.isConnectionRefused { unsafe unlink(address.unixPath) }
        }
    }

    static func listen(_ fd: Int32, backlog: Int32) throws(SystemError) {
        guard CLinux.listen(fd, backlog) == 0 else { throw SystemError("listen") }
    }

    static func localAddress(_ fd: Int32) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard unsafe trunkline_getsockname(fd, &storage, &length) == 0 else {
            throw SystemError("getsockname")
        }
        return SocketAddress(storage: storage, length: length)
    }

    static func peerAddress(_ fd: Int32) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard unsafe trunkline_getpeername(fd, &storage, &length) == 0 else {
            throw SystemError("getpeername")
        }
        return SocketAddress(storage: storage, length: length)
    }

    /// How far a connection is that was just begun.
    enum OnConnect {
        case stands
        /// The kernel is still at it.
        case underWay
        /// It was begun, and nobody is there.
        case failed(SystemError)
    }

    /// Begins to connect.
    ///
    /// On loopback the whole handshake is over when the call returns, which says all the same that it is under way. So there
    /// the kernel is asked again: one call more, for a turn of the loop and three others.
    static func connect(_ fd: Int32, _ address: SocketAddress) throws(SystemError) -> OnConnect {
        var storage = address.storage
        if unsafe trunkline_connect(fd, &storage, address.length) == 0 { return .stands }
        let code = trunkline_errno()
        guard code == EINPROGRESS else { throw SystemError(call: "connect", code: code) }
        guard address.isLoopback else { return .underWay }
        if unsafe trunkline_connect(fd, &storage, address.length) == 0 { return .stands }
        let second = trunkline_errno()
        // Where the other's queue is full, the kernel asks on.
        return second == EALREADY ? .underWay : .failed(SystemError(call: "connect", code: second))
    }
}
