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
        if !address.isUnix { SocketCalls.sendAtOnce(descriptor.number) }
        let step = try SocketCalls.connect(descriptor.number, address)
        let socket = StreamSocket(
            descriptor, on: loop, SocketPlace(isClient: false, isTaken: true))
        if !address.isUnix { socket.beginYouth() }
        socket.follow(step)
        return socket
    }
}
