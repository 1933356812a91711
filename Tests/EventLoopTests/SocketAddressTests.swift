import Testing

@testable import EventLoop

@Suite("Socket addresses")
struct SocketAddressTests {
    @Test("text and back")
    func text() throws {
        let v4 = try #require(SocketAddress(ip: "10.1.2.3", port: 443))
        #expect(v4.description == "10.1.2.3:443" && v4.host == "10.1.2.3" && v4.port == 443)
        let v6 = try #require(SocketAddress(ip: "fe80::1", port: 1))
        #expect(v6.description == "[fe80::1]:1" && v6.host == "fe80::1")
        let unix = try #require(SocketAddress(unixPath: "/run/a.sock"))
        #expect(unix.description == "unix:/run/a.sock" && unix.host == "unix:" && unix.isUnix)
    }

    @Test("an IPv4 address that came over IPv6 is shown as IPv4")
    func mapped() throws {
        #expect(try #require(SocketAddress(ip: "::ffff:192.0.2.1", port: 5)).host == "192.0.2.1")
    }

    @Test(
        "what is no address is refused", arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "::g", "[::1]"])
    func refused(text: String) {
        #expect(SocketAddress(ip: text, port: 1) == nil)
    }

    @Test("a path that the kernel would cut is refused")
    func longPath() {
        #expect(SocketAddress(unixPath: String(repeating: "a", count: 107)) != nil)
        #expect(SocketAddress(unixPath: String(repeating: "a", count: 108)) == nil)
        #expect(SocketAddress(unixPath: "") == nil)
    }

    @Test("loopback is 127.0.0.0/8 and ::1, and nothing else")
    func loopback() throws {
        for text in ["127.0.0.1", "127.255.0.9", "::1"] {
            #expect(try #require(SocketAddress(ip: text, port: 1)).isLoopback)
        }
        for text in ["128.0.0.1", "1.0.0.127", "0.0.0.0", "::", "::2", "1::1", "::ffff:127.0.0.1"] {
            #expect(try !#require(SocketAddress(ip: text, port: 1)).isLoopback)
        }
        #expect(try !#require(SocketAddress(unixPath: "/a")).isLoopback)
    }
}
