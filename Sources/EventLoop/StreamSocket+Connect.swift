internal import CLinux

extension StreamSocket {
    /// Starts to connect; success is told by `streamConnected`, failure by `streamFailed` or the error thrown. Set the
    /// handler before the loop turns.
    package static func connect(to address: SocketAddress, on loop: EventLoop) throws(SystemError)
        -> StreamSocket
    {
        try loop.sockets.enterBackend()
        do throws(SystemError) {
            return try startConnect(to: address, on: loop)
        } catch {
            loop.sockets.leaveBackend()
            throw error
        }
    }

    private static func startConnect(to address: SocketAddress, on loop: EventLoop) throws(SystemError)
        -> StreamSocket
    {
        let descriptor = try SocketCalls.open(address.family)
        if !address.isUnix {
            try SocketCalls.set(descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            SocketCalls.keepAlive(descriptor.number)
            SocketCalls.keepUnsentBounded(descriptor.number)
        }
        _ = try SocketCalls.connect(descriptor.number, address)
        // A Unix socket, or TCP on loopback, may stand already: it is writable at once and takes the same path.
        let socket = StreamSocket(
            descriptor, on: loop, SocketPlace(isClient: false, isTaken: true))
        socket.watch(readable: false, writable: true)
        return socket
    }
}
