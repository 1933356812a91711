internal import Configuration
internal import EventLoop
internal import TLS

/// What a client connection needs to know of the listener it came through.
final class ListenerFacts: Sendable {
    /// As in the configuration, e.g. `0.0.0.0:8443`.
    let name: String
    /// nil on plain listeners.
    let tls: ServerTLSContext?
    /// Every request is answered with its https address, which has this port. nil = none is.
    let redirectPort: UInt16?
    /// Each connection begins with a PROXY protocol header.
    let readsProxyHeader: Bool
    let speaksHTTP1: Bool
    let speaksHTTP2: Bool

    init(
        name: String, tls: ServerTLSContext?, redirectPort: UInt16? = nil, readsProxyHeader: Bool = false,
        protocols: [String] = ["h2", "http/1.1"]
    ) {
        speaksHTTP1 = protocols.contains("http/1.1")
        speaksHTTP2 = protocols.contains("h2")
        self.name = name
        self.tls = tls
        self.redirectPort = redirectPort
        self.readsProxyHeader = readsProxyHeader
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
        guard facts.readsProxyHeader else {
            _ = admit(socket, from: address, facts)
            return
        }
        let facts = self.facts
        let reader = ProxyHeaderReader(socket, from: address, listener: facts.name, worker: worker) {
            [self] socket, client, rest in
            guard let transport = admit(socket, from: client, facts), rest.count > 0 else { return }
            transport.streamReceived(&rest)
        }
        reader.start(deadline: worker.generation.configuration.timeouts.handshake)
    }

    /// Makes a client of a socket.
    private func admit(_ socket: StreamSocket, from address: SocketAddress, _ facts: ListenerFacts)
        -> StreamConnection?
    {
        do throws(TLSError) {
            let session: TLSSession? =
                if let context = facts.tls {
                    try TLSSession(server: context, wire: worker.wire)
                } else {
                    nil
                }
            worker.metrics.add(.connectionsAccepted, [facts.name])
            let transport = StreamConnection(accepted: socket, tls: session, batch: worker.sendBatch)
            transport.peerPort = address.port
            worker.admit(
                ClientConnection(transport, address: address.host, listener: facts, worker: worker))
            return transport
        } catch {
            socket.close()
            worker.log.acceptFailed(listener: facts.name, error.description)
            return nil
        }
    }

    func listener(_ listener: ListenerSocket, failed error: SystemError) {
        worker.log.acceptFailed(listener: facts.name, error.description)
    }
}
