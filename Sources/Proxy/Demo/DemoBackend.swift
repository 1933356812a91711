internal import BasicContainers
internal import EventLoop
internal import HTTPProtocol
internal import WebSocketProtocol

/// The backends of the demo: a chat, a ticker and an echo, told apart by path. They speak plain WebSocket on loopback,
/// as a backend of anyone would; the proxy in front of them is the real one.
final class DemoBackend: ListenerHandler, TimerTarget {
    let loop: EventLoop
    let chat = DemoChat()
    private var listener: ListenerSocket?
    private var ticker = DemoTicker()
    private var watchers: [ObjectIdentifier: DemoPeer] = [:]

    init(_ bound: consuming BoundListener, on loop: EventLoop) {
        self.loop = loop
        listener = ListenerSocket(bound, on: loop, handler: self)
        listener?.start()
        _ = loop.schedule(self, kind: 0, after: 250_000_000)
    }

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        DemoPeer(socket, backend: self).start()
    }

    func listener(_ listener: ListenerSocket, failed error: SystemError) {}

    func timerFired(_ kind: UInt8) {
        ticker.step(using: &loop.random)
        let quotes = ticker.message("quotes", at: loop.now)
        for peer in watchers.values { peer.send(quotes) }
        _ = loop.schedule(self, kind: 0, after: 250_000_000)
    }

    func opened(_ peer: DemoPeer) {
        if peer.path == "/ticker" {
            watchers[ObjectIdentifier(peer)] = peer
            peer.send(ticker.message("snapshot", at: loop.now))
        }
    }

    func closed(_ peer: DemoPeer) {
        watchers[ObjectIdentifier(peer)] = nil
        chat.left(peer)
    }

    func received(_ text: [UInt8], opcode: Opcode, from peer: DemoPeer) {
        switch peer.path {
        case "/chat": chat.received(text, from: peer)
        case "/echo": peer.send(text, opcode)
        default: break
        }
    }
}
