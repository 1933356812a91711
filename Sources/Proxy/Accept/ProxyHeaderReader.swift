internal import Configuration
internal import EventLoop
internal import HTTPProtocol

/// Reads the PROXY protocol header of a new connection, before TLS and everything else, and hands the socket on with the
/// address that the header names.
final class ProxyHeaderReader: StreamHandler, TimerTarget {
    /// Takes the socket over, with what came behind the header.
    typealias Done = (StreamSocket, SocketAddress, inout MutableSpan<UInt8>) -> Void

    private let socket: StreamSocket
    private let peer: SocketAddress
    private unowned let worker: ClientContext
    private let listener: String
    private var parser = ProxyHeaderParser()
    private var headCharge: MemoryCharge
    private var deadline: TimerToken?
    private var done: Done?

    /// Holds itself until it has the header, or the connection ends.
    init(
        _ socket: StreamSocket, from peer: SocketAddress, listener: String, worker: ClientContext,
        done: @escaping Done
    ) {
        self.socket = socket
        headCharge = MemoryCharge(to: socket.account)
        self.peer = peer
        self.listener = listener
        self.worker = worker
        self.done = done
    }

    func start(deadline limit: Duration) {
        worker.arrivals += 1
        socket.handler = self
        if limit > .zero { deadline = worker.loop.schedule(self, kind: 0, after: limit) }
        socket.resumeReading()
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        do throws(ProxyHeaderError) {
            guard let (header, used) = try parser.feed(bytes.span) else {
                return headCharge.set(parser.keptBytes)
            }
            headCharge.set(0)
            guard let done = finish() else { return }
            socket.pauseReading()
            var copy = (used..<bytes.count).map { bytes[$0] }
            var rest = copy.mutableSpan
            done(socket, address(header), &rest)
        } catch {
            refuse(error.reason)
        }
    }

    private func address(_ header: ProxyHeader) -> SocketAddress {
        let proxies = worker.configuration.trustedProxies
        guard case .proxied(let source, let port) = header,
            KnownClient.believesProxyHeader(from: peer.host, proxies)
        else { return peer }
        return SocketAddress(bytes: source, port: port) ?? peer
    }

    private func refuse(_ reason: String) {
        guard finish() != nil else { return }
        worker.log.tell(.connectionRefused(client: peer.host, listener: listener, reason))
        socket.close()
    }

    private func finish() -> Done? {
        guard let done else { return nil }
        self.done = nil
        worker.loop.cancel(deadline)
        worker.arrivals -= 1
        return done
    }

    func streamConnected() {}
    func streamFlushed() {}
    func streamEnded() { refuse("connection ended before its PROXY protocol header") }
    func streamFailed(_ error: SystemError) { refuse(error.description) }
    func timerFired(_ kind: UInt8) { refuse("PROXY protocol header did not arrive in time") }
}
