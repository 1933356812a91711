import EventLoop
import Foundation
import Testing

@Suite("Listener sockets")
struct ListenerSocketTests {
    private func loopback() throws -> SocketAddress { try #require(SocketAddress(ip: "127.0.0.1", port: 0)) }

    @Test("port 0 becomes the one that the kernel chose, and a second socket can't have it")
    func ports() throws {
        let first = try BoundListener(try loopback(), sharesPort: false)
        let taken = first.address
        #expect(taken.port != 0)
        do throws(SystemError) {
            _ = try BoundListener(taken, sharesPort: false)
            Issue.record("two sockets listen on one address")
        } catch {
            #expect(error.isAddressInUse)
        }
    }

    @Test("sockets that share a port all accept")
    func shared() throws {
        let loop = try EventLoop()
        let acceptor = Acceptor()
        let first = try BoundListener(try loopback(), sharesPort: true)
        let address = first.address
        let sockets = [
            ListenerSocket(first, on: loop, handler: acceptor),
            ListenerSocket(try BoundListener(address, sharesPort: true), on: loop, handler: acceptor),
        ]
        for socket in sockets { socket.start() }
        let clients = try (0..<40).map { _ in try StreamSocket.connect(to: address, on: loop) }
        #expect(loop.turn { acceptor.sockets.count == clients.count })
        for client in clients { client.close() }
    }

    @Test("while it is paused, who comes waits; afterwards nobody is lost")
    func pause() throws {
        let loop = try EventLoop()
        let acceptor = Acceptor()
        let bound = try BoundListener(try loopback(), sharesPort: false)
        let address = bound.address
        let listener = ListenerSocket(bound, on: loop, handler: acceptor)
        let client = try StreamSocket.connect(to: address, on: loop)
        let side = Recorder()
        client.handler = side
        #expect(loop.turn { side.isConnected })
        #expect(acceptor.sockets.isEmpty)
        listener.start()
        #expect(loop.turn { acceptor.sockets.count == 1 })
        #expect(acceptor.addresses.first?.host == "127.0.0.1")
    }

    @Test("one that retires takes who waits, and no more than its queue can hold, however many go on coming")
    func retire() throws {
        let path = "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let address = try #require(SocketAddress(unixPath: path))
        let loop = try EventLoop()
        let crowd = Crowd(address, on: loop)
        let listener = ListenerSocket(
            try BoundListener(address, sharesPort: false), on: loop, handler: crowd)
        for _ in 0..<3 { crowd.comeOnce() }
        listener.retire()
        #expect(crowd.accepted == Int(BoundListener.backlog))
        #expect(throws: SystemError.self) { _ = try StreamSocket.connect(to: address, on: loop) }
    }

    @Test("the file of a Unix socket that a killed process left is replaced, one in use is not")
    func staleFile() throws {
        let path = "/tmp/trunkline-test-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let address = try #require(SocketAddress(unixPath: path))
        do {
            let old = try BoundListener(address, sharesPort: false)
            #expect(throws: SystemError.self) { _ = try BoundListener(address, sharesPort: false) }
            _ = old.address
        }
        // Its descriptor is closed, the file is still there.
        #expect(FileManager.default.fileExists(atPath: path))
        _ = try BoundListener(address, sharesPort: false)
    }
}

/// Clients of whom another one comes with each that is accepted.
private final class Crowd: ListenerHandler {
    private let address: SocketAddress
    private let loop: EventLoop
    private(set) var accepted = 0

    init(_ address: SocketAddress, on loop: EventLoop) {
        self.address = address
        self.loop = loop
    }

    func comeOnce() { try? StreamSocket.connect(to: address, on: loop).close() }

    func listener(_ listener: ListenerSocket, accepted socket: StreamSocket, from address: SocketAddress) {
        accepted += 1
        socket.close()
        // Without a bound there would be no end to it.
        if accepted < 3 * Int(BoundListener.backlog) { comeOnce() }
    }
    func listener(_ listener: ListenerSocket, failed error: SystemError) {}
}
