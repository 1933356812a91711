internal import EventLoop
internal import TLS

/// What a client connection needs to know of the listener it came through.
final class ListenerFacts: Sendable {
    /// As in the configuration, e.g. `0.0.0.0:8443`.
    let name: String
    /// nil on plain listeners.
    let tls: ServerTLSContext?
    /// Every request is answered with its https address.
    let redirectsToHTTPS: Bool

    init(name: String, tls: ServerTLSContext?, redirectsToHTTPS: Bool = false) {
        self.name = name
        self.tls = tls
        self.redirectsToHTTPS = redirectsToHTTPS
    }
}

/// Accepts on one worker and makes a `ClientConnection` of each socket.
final class Listener: ListenerHandler {
    var facts: ListenerFacts
    private unowned let worker: Worker
    private var socket: ListenerSocket?

    init(_ bound: consuming BoundListener, facts: ListenerFacts, worker: Worker) {
        self.facts = facts
        self.worker = worker
        socket = ListenerSocket(bound, on: worker.loop, handler: self)
    }

    func start() { socket?.start() }

    /// Takes all that wait in the queue, then stops listening.
    func retire() {
        socket?.retire()
        socket = nil
    }

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        do throws(TLSError) {
            let session: TLSSession? =
                if let context = facts.tls {
                    try TLSSession(server: context, wire: worker.wire)
                } else {
                    nil
                }
            worker.metrics.add(.connectionsAccepted, [facts.name])
            let transport = StreamConnection(accepted: socket, tls: session, wire: worker.wire)
            worker.admit(
                ClientConnection(transport, address: address.host, listener: facts, worker: worker))
        } catch {
            socket.close()
            worker.log.acceptFailed(listener: facts.name, error.description)
        }
    }

    func listener(_ listener: ListenerSocket, failed error: SystemError) {
        worker.log.acceptFailed(listener: facts.name, error.description)
    }
}
