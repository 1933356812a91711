internal import Configuration
internal import EventLoop
internal import HTTPProtocol
internal import TLS

/// Accepts on one worker and makes a `ClientConnection` of each socket.
final class Listener: ListenerHandler {
    var facts: ListenerFacts
    private unowned let worker: ClientContext
    private var socket: ListenerSocket?
    private let port: UInt16

    init(_ bound: consuming BoundListener, facts: ListenerFacts, worker: ClientContext) {
        self.facts = facts
        self.worker = worker
        port = bound.address.port
        socket = ListenerSocket(bound, on: worker.loop, handler: self)
    }

    func start() { socket?.start() }

    /// Takes all that wait in the queue, then stops listening.
    func retire() {
        socket?.retire()
        socket = nil
    }

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        let facts = self.facts
        guard socket.enterBudget() else {
            return turnAway(socket, from: address, facts, Fault(.connectionsFull))
        }
        let proxies = worker.configuration.trustedProxies
        guard facts.readsProxyHeader else {
            // A proxy's connections are its clients': those are told apart by their requests.
            let key = proxies.contains(address.host) ? nil : ClientKey(address.host)
            _ = admit(socket, from: address, facts, as: key)
            return
        }
        let reader = ProxyHeaderReader(socket, from: address, listener: facts.name, worker: worker) {
            [self] socket, client, rest in
            // A balancer that speaks for itself is not one of those behind it; who is not believed is just a client.
            let isBalancer =
                client.host == address.host
                && KnownClient.believesProxyHeader(from: address.host, proxies)
            let key = isBalancer ? nil : ClientKey(client.host)
            guard let transport = admit(socket, from: client, facts, as: key), rest.count > 0 else { return }
            transport.streamReceived(&rest)
        }
        reader.start(deadline: worker.configuration.timeouts.handshake)
    }

    /// Refuses a connection before anything is read. Over TLS it is closed: a handshake would cost more than it says.
    private func turnAway(
        _ socket: StreamSocket, from address: SocketAddress, _ facts: ListenerFacts, _ fault: Fault
    ) {
        let limit = fault.limit ?? ""
        worker.metrics.add(.limitsHit, [limit])
        worker.log.tell(
            .connectionRefused(client: address.host, listener: facts.name, "over limits.\(limit)"))
        let word = facts.tls == nil ? worker.refusal(fault).response(isToHead: false) : []
        socket.dismiss(word.span)
    }

    /// Makes a client of a socket.
    ///
    /// - Parameter key: whom it counts for; nil = nobody.
    private func admit(
        _ socket: StreamSocket, from address: SocketAddress, _ facts: ListenerFacts, as key: ClientKey?
    ) -> StreamConnection? {
        let most = worker.configuration.limits.clientConnectionsPerClient
        var place: ConnectionPlace?
        if most > 0, let key {
            place = worker.generation.clients.enter(key, most: most)
            guard place != nil else {
                turnAway(socket, from: address, facts, Fault(.clientConnectionsFull))
                return nil
            }
        }
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
            transport.place = place
            transport.localPort = port
            worker.admit(
                ClientConnection(transport, address: address.host, listener: facts, worker: worker))
            return transport
        } catch {
            socket.close()
            worker.log.tell(
                .setUpFailed(
                    client: address.host, listener: facts.name, phase: "tls", error.description))
            return nil
        }
    }

    func listener(_ listener: ListenerSocket, failed error: SystemError) {
        worker.log.tell(.acceptFailed(listener: facts.name, error))
    }
}
