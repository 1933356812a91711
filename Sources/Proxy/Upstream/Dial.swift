internal import EventLoop
internal import TLS

/// Where a backend is.
enum BackendAddress: Sendable, Equatable, CustomStringConvertible {
    case socket(SocketAddress)
    /// Looked up anew each time it is dialled; its addresses are tried in turn.
    case name(String, port: UInt16)

    static func == (a: BackendAddress, b: BackendAddress) -> Bool { a.description == b.description }

    var description: String {
        switch self {
        case .socket(let address): address.description
        // The name of a service has no port.
        case .name(let name, let port): port == 0 ? name : "\(name):\(port)"
        }
    }
}

/// Makes one connection to a backend under a deadline: name, TCP, TLS. Tells its outcome once.
final class Dial: TransportReceiver, TimerTarget {
    typealias Done = (Result<StreamConnection, Fault>) -> Void

    /// Addresses that are tried of one name; the deadline holds for all together.
    private static let mostAddresses = 16

    private let worker: UpstreamContext
    private let tls: ClientTLSContext?
    private let protocols: [String]?
    private let preamble: [UInt8]
    private var done: Done?
    private var remaining: ArraySlice<SocketAddress> = []
    private var connection: StreamConnection?
    private var deadline: TimerToken?
    private var step = Fault.Step.connect

    /// Starts; `done` comes from a later turn of the loop, never from inside this call.
    init(
        _ address: BackendAddress, tls: ClientTLSContext?, protocols: [String]? = nil, timeout: Duration,
        preamble: [UInt8] = [], worker: UpstreamContext, done: @escaping Done
    ) {
        self.worker = worker
        self.tls = tls
        self.protocols = protocols
        self.preamble = preamble
        self.done = done
        if timeout > .zero { deadline = worker.loop.schedule(self, kind: 0, after: timeout) }
        switch address {
        case .socket(let address):
            remaining = [address]
            tryNext(after: nil)
        case .name(let name, let port):
            step = .resolve
            resolve(name, port)
        }
    }

    /// Its outcome is told, or nobody waits for it.
    var isOver: Bool { done == nil }

    /// Gives up; `done` is not called.
    func cancel() {
        done = nil
        connection?.close()
        connection = nil
        worker.loop.cancel(deadline)
    }

    private func resolve(_ name: String, _ port: UInt16) {
        worker.resolve(name, port: port) { [weak self] answer in
            guard let self, self.done != nil else { return }
            switch answer {
            case .found(let endpoints, _, _):
                step = .connect
                remaining = endpoints.map(\.address).prefix(Self.mostAddresses)
                tryNext(after: nil)
            case .failed(let reason):
                finish(.failure(.unresolved(name, reason)))
            case .lacking(let error):
                finish(.failure(.connecting(error, in: .resolve)))
            }
        }
    }

    /// Goes through the addresses until one takes the attempt.
    private func tryNext(after fault: Fault?) {
        var last = fault
        while let address = remaining.popFirst() {
            do throws(Fault) {
                return try begin(address)
            } catch {
                last = error
            }
        }
        // A name without an address is told as one that leads nowhere.
        finishSoon(last ?? Fault(.unreachable(step)))
    }

    private func begin(_ address: SocketAddress) throws(Fault) {
        let session: TLSSession?
        do throws(TLSError) {
            session = try tls.map { context throws(TLSError) in
                try TLSSession(client: context, wire: worker.wire, protocols: protocols)
            }
        } catch {
            throw .noSession(error)
        }
        do throws(SystemError) {
            let connection = try StreamConnection(
                connectingTo: address, preamble: preamble, tls: session, batch: worker.sendBatch,
                on: worker.loop)
            connection.receiver = self
            self.connection = connection
        } catch {
            throw .connecting(error)
        }
    }

    /// An error found before the first turn is told in the next one.
    private func finishSoon(_ fault: Fault) {
        worker.loop.nextTurn { [weak self] in self?.finish(.failure(fault)) }
    }

    private func finish(_ result: Result<StreamConnection, Fault>) {
        worker.loop.cancel(deadline)
        connection = nil
        let done = self.done
        self.done = nil
        done?(result)
    }

    func transportOpened() {
        guard let connection else { return }
        connection.receiver = nil
        finish(.success(connection))
    }

    func transportFailed(_ error: TransportError) {
        connection?.close()
        connection = nil
        tryNext(after: .opening(error))
    }

    func transportEnded() {
        // Only TLS reads before it is open: the backend hung up in the middle of the handshake.
        connection?.close()
        tryNext(after: .opening(.tls(.protocolViolation("connection ended during the handshake"))))
    }

    func transportReceived(_ bytes: inout MutableSpan<UInt8>) {}
    func transportFlushed() {}

    func timerFired(_ kind: UInt8) {
        connection?.close()
        finish(.failure(Fault(.connectTimeout(step))))
    }
}
