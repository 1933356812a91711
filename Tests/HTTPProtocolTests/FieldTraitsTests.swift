import Testing

@testable import HTTPProtocol

@Suite("What a field's name means")
struct FieldTraitsTests {
    private func traits(_ name: String) -> FieldTraits { FieldTraits(of: name.utf8.span) }

    @Test("is known whatever its case")
    func known() {
        #expect(traits("Connection") == [.ofConnection, .ofHop])
        #expect(traits("HOST") == .host)
        #expect(traits("Content-Length") == .length)
        #expect(traits("X-Request-ID") == .requestID)
        #expect(traits("X-Forwarded-For") == [.identity, .rewritten])
        #expect(traits("x-forwarded-proto") == [.entrance, .rewritten])
        #expect(traits("X-Real-IP") == [.identity, .rewritten])
        #expect(traits("Client-Cert") == [.identity, .certificate])
        #expect(traits("cookie") == .credential)
        #expect(traits("Proxy-Authorization") == [.credential, .ofHop])
        #expect(traits("Proxy-Connection") == [.ofConnection, .ofHop])
    }

    @Test("families go by their beginning")
    func families() {
        #expect(traits("Sec-WebSocket-Key") == .handshake)
        #expect(traits("sec-websocket-") == .handshake)
        #expect(traits("sec-websocket") == [])
        #expect(traits("proxy-") == .ofHop)
        #expect(traits("proxy") == [])
        #expect(traits("X-SSL-Anything") == .identity)
        #expect(traits("ssl-client-x") == .identity)
        #expect(traits("x-forwarded-something") == .identity)
    }

    @Test("another spelling says who a client is, and is of no hop and no handshake")
    func spellings() {
        #expect(traits("X_Forwarded_For") == [.identity, .respelled, .underscored])
        #expect(traits("x.real.ip") == [.identity, .respelled])
        #expect(traits("x_scheme") == [.entrance, .respelled, .underscored])
        #expect(traits("keep_alive") == [.respelled, .underscored])
        #expect(traits("content_length") == [.respelled, .underscored])
        #expect(traits("sec_websocket_key") == [.respelled, .underscored])
        #expect(traits("sec-websocket-k_y") == [.handshake, .respelled, .underscored])
        #expect(traits("proxy_x") == [.respelled, .underscored])
    }

    @Test(
        "others mean nothing",
        arguments: ["", "x", "accept", "user-agent", "origin", "sec-fetch-mode", "x-app"])
    func others(name: String) { #expect(traits(name) == []) }

    @Test("every name of the tables is found by its own spelling, in capitals and with underscores")
    func tables() {
        for (name, expected) in ClientFields.names + HopByHop.traits + Forwarding.traits {
            #expect(traits(name).isSuperset(of: expected), "\(name)")
            #expect(traits(name.uppercased()) == traits(name))
            let kinds = traits(name).intersection([.identity, .entrance, .credential])
            let respelled = traits(String(name.map { $0 == "-" ? "_" : $0 }))
            #expect(respelled.isSuperset(of: kinds), "\(name)")
        }
    }
}
