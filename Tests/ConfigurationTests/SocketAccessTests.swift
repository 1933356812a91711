import Testing

@testable import Configuration

@Suite("Access to Unix sockets")
struct SocketAccessTests {
    private func load(_ listener: String, admin: String = "off") throws -> ProxyConfiguration {
        try ConfigurationLoader.load(
            """
            listeners: [{ \(listener) }]
            admin: \(admin)
            routes: [{ name: a, respond: { status: 200 } }]
            """, file: "proxy.conf", environment: [:]
        ).configuration
    }

    @Test("is a mode in octal, an owner and a group, of listeners and of admin")
    func keys() throws {
        let loaded = try load(
            #"address: "unix:/run/a.sock", mode: "0660", owner: www, group: 33"#,
            admin: #"{ address: "unix:/run/b.sock", mode: 600 }"#)
        let access = loaded.listeners[0].access
        #expect(access.mode == 0o660 && access.owner?.value == "www" && access.group?.value == "33")
        #expect(loaded.admin?.access.mode == 0o600 && loaded.admin?.access.owner == nil)
        #expect(try load("address: 127.0.0.1:80").listeners[0].access.isEmpty)
    }

    @Test(
        "is refused where it makes no sense",
        arguments: [
            #"address: 127.0.0.1:8080, mode: "0660""#, #"address: 127.0.0.1:8080, group: www"#,
            #"address: "unix:/a", mode: "0999""#, #"address: "unix:/a", mode: rw"#,
            #"address: "unix:/a", mode: "07777""#,
        ])
    func complaints(listener: String) {
        #expect(throws: Diagnostics.self) { try load(listener) }
    }
}
