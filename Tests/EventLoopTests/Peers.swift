import EventLoop

/// Collects what a socket tells.
final class Recorder: StreamHandler {
    var received: [UInt8] = []
    var isConnected = false
    var hasEnded = false
    var ends = 0
    var drains = 0
    var error: SystemError?

    func streamConnected() { isConnected = true }
    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        for index in bytes.indices { received.append(bytes[index]) }
    }
    func streamEnded() { hasEnded = true }
    func streamEndsUnread() { ends += 1 }
    func streamFlushed() { drains += 1 }
    func streamFailed(_ error: SystemError) { self.error = error }
}

/// Keeps what a listener accepts.
final class Acceptor: ListenerHandler {
    var sockets: [StreamSocket] = []
    var addresses: [SocketAddress] = []

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        sockets.append(socket)
        addresses.append(address)
    }
    func listener(_ listener: ListenerSocket, failed error: SystemError) {}
}

extension EventLoop {
    /// Turns until the condition holds, for twenty seconds at most: long enough for a busy machine.
    func turn(until condition: () -> Bool) -> Bool {
        let end = now + 20_000_000_000
        while !condition(), now < end { turn(limit: 5_000_000) }
        return condition()
    }
}

/// A connected pair over a listener at `address`.
struct Pair {
    let loop: EventLoop
    let listener: ListenerSocket
    let acceptor = Acceptor()
    let client: StreamSocket
    let clientSide = Recorder()
    let serverSide = Recorder()

    init(at address: SocketAddress) throws {
        loop = try EventLoop()
        let bound = try BoundListener(address, sharesPort: false)
        let target = bound.address
        listener = ListenerSocket(bound, on: loop, handler: acceptor)
        listener.start()
        client = try StreamSocket.connect(to: target, on: loop)
        client.handler = clientSide
        let acceptor = acceptor
        let clientSide = clientSide
        guard loop.turn(until: { acceptor.sockets.count == 1 && clientSide.isConnected }) else {
            throw Failure()
        }
        acceptor.sockets[0].handler = serverSide
        acceptor.sockets[0].resumeReading()
        client.resumeReading()
    }

    var server: StreamSocket { acceptor.sockets[0] }

    struct Failure: Error {}
}
