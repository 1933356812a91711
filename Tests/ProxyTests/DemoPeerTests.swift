import HTTPProtocol
import Testing

@testable import Proxy

@Suite("Who may talk to the demo")
struct DemoPeerTests {
    private func accepts(origin: String?, host: String?) -> Bool {
        var fields = HeaderFields()
        if let origin { fields.append("Origin", origin) }
        if let host { fields.append("Host", host) }
        return DemoPeer.isSameOrigin(fields)
    }

    @Test("its own page, and what is no browser")
    func own() {
        #expect(accepts(origin: nil, host: "localhost:8443"))
        #expect(accepts(origin: "https://localhost:8443", host: "localhost:8443"))
        #expect(accepts(origin: "https://LOCALHOST", host: "localhost"))
    }

    @Test("no other page")
    func others() {
        for origin in ["https://evil.example", "http://localhost:8443", "https://localhost:9", "null", ""] {
            #expect(!accepts(origin: origin, host: "localhost:8443"), "\(origin)")
        }
        #expect(!accepts(origin: "https://localhost", host: nil))
    }
}
