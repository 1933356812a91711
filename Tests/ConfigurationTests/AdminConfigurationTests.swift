import Configuration
import Testing

@Suite("The admin listener's section")
struct AdminConfigurationTests {
    private func load(_ admin: String) -> (AdminConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(rest: admin)
        return (loaded.value?.admin, loaded.said)
    }

    @Test("absent and off mean none", arguments: ["", "admin: off", "admin: \"off\"", "admin: false"])
    func none(text: String) {
        let (admin, complaints) = load(text)
        #expect(admin == nil && complaints == [])
    }

    @Test("an address of this machine, or a Unix socket")
    func address() {
        #expect(load("admin: { address: 127.0.0.1:9901 }").0?.address.value == .ip("127.0.0.1", port: 9901))
        #expect(load("admin: { address: \"[::1]:9901\" }").1 == [])
        #expect(load("admin: { address: \"unix:/run/a.sock\" }").0?.address.value == .unix("/run/a.sock"))
    }

    @Test("its names, and the file with the token")
    func rules() {
        let (admin, complaints) = load(
            "admin: { address: 127.0.0.1:9901, hosts: [Ops.Internal], token: admin.token }")
        #expect(complaints == [] && admin?.hosts == ["ops.internal"] && admin?.token?.value == "admin.token")
        #expect(load("admin: { address: 127.0.0.1:9901, hosts: [\"a b\"] }").1.count == 1)
        #expect(load("admin: { address: 127.0.0.1:9901, token: \"\" }").1.count == 1)
    }

    @Test("what it can't listen on is complained of in its place")
    func complaints() {
        #expect(
            load("admin: { address: dns:a:1 }").1.first?.hasPrefix("f:4:19: 'dns:a:1' is no") == true
        )
        #expect(load("admin: { adress: 127.0.0.1:1 }").1.count == 2)
        #expect(load("admin: {}").1 == ["f:4:8: missing required key 'address' in 'admin'"])
        #expect(load("admin: { address: 127.0.0.1:8080 }").1.first?.contains("listened on twice") == true)
    }

    @Test(
        "an address that others reach is warned of",
        arguments: ["0.0.0.0:9901", "\"[::]:9901\"", "10.0.0.1:9901"])
    func warning(address: String) {
        let (admin, complaints) = load("admin: { address: \(address) }")
        #expect(admin != nil && complaints.count == 1)
        #expect(complaints.first?.contains("whoever reaches it") == true)
    }

    @Test("a token that goes in plain text to where others read along is warned of")
    func tokenInPlainText() {
        let complaints = load("admin: { address: 0.0.0.0:9901, token: admin.token }").1
        #expect(complaints.count == 1 && complaints.first?.contains("learns its token") == true)
        #expect(load("admin: { address: 127.0.0.1:9901, token: admin.token }").1 == [])
        #expect(load("admin: { address: \"unix:/run/a.sock\", token: admin.token }").1 == [])
    }
}
