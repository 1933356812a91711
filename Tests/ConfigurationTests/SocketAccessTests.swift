import Testing

@testable import Configuration

@Suite("Access to Unix sockets")
struct SocketAccessTests {
    private func loaded(_ listener: String, admin: String = "") -> Loaded {
        load(
            """
            listeners: [{ \(listener) }]
            \(admin)
            routes: [{ name: a, respond: { status: 200 } }]
            """)
    }

    @Test("is a mode in octal, an owner and a group, of listeners and of admin")
    func keys() throws {
        let all = loaded(
            #"address: "unix:/run/a.sock", mode: "0660", owner: www, group: 33"#,
            admin: #"admin: { address: "unix:/run/b.sock", mode: 600 }"#)
        #expect(all.said == [])
        let value = try #require(all.value)
        let access = value.listeners[0].access
        #expect(access.mode == 0o660 && access.owner?.value == "www" && access.group?.value == "33")
        #expect(value.admin?.access.mode == 0o600 && value.admin?.access.owner == nil)
        #expect(loaded("address: 127.0.0.1:80").value?.listeners[0].access.isEmpty == true)
    }

    @Test(
        "is refused where it makes no sense",
        arguments: [
            #"address: 127.0.0.1:8080, mode: "0660""#, #"address: 127.0.0.1:8080, group: www"#,
            #"address: "unix:/a", mode: "0999""#, #"address: "unix:/a", mode: rw"#,
            #"address: "unix:/a", mode: "07777""#,
        ])
    func complaints(listener: String) {
        #expect(loaded(listener).said.count == 1)
    }
}
