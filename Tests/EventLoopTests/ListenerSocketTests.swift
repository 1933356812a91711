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
