internal import EventLoop
internal import TLS

/// A client's connection on its way from one worker to another, between two of its bytes.
struct MovedConnection: Sendable {
    let socket: MovedSocket
    let tls: MovedTLS?
    let peerPort: UInt16
    let localPort: UInt16
    let place: ConnectionPlace?
}

extension StreamConnection {
    /// Whether another process could take it: OpenSSL's objects can't leave.
    var isPortable: Bool { tls?.isPortable ?? true }

    /// Lets go of the connection for another worker. Nil where it can't go now; one that is half gone is closed. Not from
    /// within a call of its own.
    func moveOut() -> MovedConnection? {
        batch?.send()
        guard !isOver, let moved = socket.moveOut() else { return nil }
        let session = tls?.moveOut()
        let place = self.place
        becomeNobodys()
        guard (session == nil) == (tls == nil) else { return nil }
        return MovedConnection(
            socket: moved, tls: session, peerPort: peerPort, localPort: localPort, place: place)
    }

    /// Takes one that another worker has let go of; nil where there is no more of it.
    convenience init?(_ moved: MovedConnection, on worker: LoopContext) {
        guard let socket = moved.socket.join(worker.loop) else { return nil }
        do throws(TLSError) {
            let session = try moved.tls.map { (tls) throws(TLSError) in try TLSSession(tls, wire: worker.wire)
            }
            self.init(accepted: socket, tls: session, batch: worker.sendBatch)
        } catch {
            socket.close()
            return nil
        }
        peerPort = moved.peerPort
        localPort = moved.localPort
        place = moved.place
    }
}
