import HTTPProtocol
import Testing

@Suite("Fields that say who a client is")
struct ClientFieldsTests {
    @Test(
        "are known by every spelling that CGI takes for the same",
        arguments: [
            "x-real-ip", "x_real_ip", "x-forwarded-for", "x_forwarded_for", "x-forwarded_for",
            "x.forwarded.for",
            "x-forwarded-user", "forwarded", "client-cert", "client_cert", "client-cert-chain",
            "x-forwarded-client-cert", "x_forwarded_client_cert", "ssl-client-verify", "x-ssl-cert",
            "remote_user", "trunkline-session", "Trunkline_Session",
            "x-auth-request-email", "cf-connecting-ip", "true-client-ip",
        ])
    func identity(name: String) {
        #expect(ClientFields.kind(of: name) == .identity)
    }

    @Test("so are those that say where it came in, and what it proves itself with")
    func others() {
        for name in [
            "x-scheme", "x-forwarded-proto", "x_forwarded_host", "x-forwarded-prefix", "front-end-https",
        ] {
            #expect(ClientFields.kind(of: name) == .entrance, "\(name)")
        }
        for name in ["authorization", "cookie", "proxy-authorization", "x-api-key"] {
            #expect(ClientFields.kind(of: name) == .credential, "\(name)")
        }
    }

    @Test(
        "all others are the application's",
        arguments: ["x-request-id", "accept", "host", "origin", "x", "", "x-forward"])
    func applications(name: String) {
        #expect(ClientFields.kind(of: name) == nil)
    }
}
