internal import EventLoop

/// Accepts those who watch the process and give it orders, on the main loop, beside the workers.
final class AdminListener: ListenerHandler {
    /// Only a few watch. More than this is a mistake or an attack, and must not take the process's descriptors.
    private static let most = 64

    private let loop: EventLoop
    private unowned let host: any AdminHost
    private let told: (SystemError) -> Void
    private var socket: ListenerSocket?
    private var connections: [ObjectIdentifier: AdminConnection] = [:]
    private var answered: (() -> Void)?

    /// - Parameter told: is given what goes wrong with accepting.
    init(
        _ bound: consuming BoundListener, on loop: EventLoop, host: any AdminHost,
        told: @escaping (SystemError) -> Void
    ) {
        self.loop = loop
        self.host = host
        self.told = told
        socket = ListenerSocket(bound, on: loop, handler: self)
        socket?.start()
    }

    /// Accepts nobody any more. Connections end, those on which something was asked with the answer.
    func retire() {
        socket?.close()
        socket = nil
        for connection in connections.values { connection.retire() }
    }

    /// Calls `done` when all have gone, where `retire` was called: an answer has its deadline.
    func whenAnswered(_ done: @escaping () -> Void) {
        guard socket == nil, !connections.isEmpty else { return done() }
        answered = done
    }

    private func left(_ connection: AdminConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if connections.isEmpty { answered.take()?() }
    }

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        guard connections.count < Self.most else { return socket.close() }
        let connection = AdminConnection(socket, on: loop, host: host) { [weak self] gone in
            self?.left(gone)
        }
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }

    func listener(_ listener: ListenerSocket, failed error: SystemError) { told(error) }
}
