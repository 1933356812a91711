/// Sockets that were connected a moment ago. Most that a proxy connects are over soon: what matters only to one that lasts
/// is told to the kernel once it has lasted, as each of these things is a system call.
///
/// Each socket that connects by TCP is here from then on until it is closed or no longer young, so none is missed.
final class YoungSockets: TimerTarget {
    /// Nanoseconds. Far less than the silence after which keepalive asks.
    var youth: UInt64 = 5_000_000_000

    private unowned let loop: EventLoop
    private var sockets: [(socket: StreamSocket, began: UInt64)] = []
    private var isArmed = false

    init(on loop: EventLoop) { self.loop = loop }

    func add(_ socket: StreamSocket) {
        socket.youngPlace = sockets.count
        sockets.append((socket, loop.now))
        arm()
    }

    /// It is closed, or grown; nothing where it is not here.
    func remove(_ socket: StreamSocket) {
        let place = socket.youngPlace
        guard place >= 0, place < sockets.count else { return }
        socket.youngPlace = -1
        let last = sockets.removeLast()
        guard last.socket !== socket else { return }
        sockets[place] = last
        last.socket.youngPlace = place
    }

    private func arm() {
        guard !isArmed else { return }
        isArmed = true
        _ = loop.schedule(self, kind: 0, after: youth)
    }

    func timerFired(_ kind: UInt8) {
        isArmed = false
        // From the end on: one that is removed is replaced by one that was looked at.
        for place in sockets.indices.reversed() where loop.now &- sockets[place].began >= youth {
            let socket = sockets[place].socket
            remove(socket)
            socket.hasLasted()
        }
        if !sockets.isEmpty { arm() }
    }
}
