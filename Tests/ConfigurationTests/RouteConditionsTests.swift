import Configuration
import Testing

@Suite("What a route asks for")
struct RouteConditionsTests {
    private static func load(_ match: String) -> (RouteConfiguration?, [String]) {
        let text = """
            listeners: [{ address: "127.0.0.1:8080", proxy_protocol: accept }]
            limits: { connections_per_client: 5 }
            routes: [{ name: all, match: { \(match) }, respond: { status: 200 } }]
            """
        do {
            let loaded = try ConfigurationLoader.load(text, file: "proxy.conf", environment: [:])
            return (loaded.configuration.routes.first, loaded.diagnostics.map(\.description))
        } catch {
            return (nil, error.list.map(\.description))
        }
    }

    @Test("pattern, fields and subprotocols")
    func conditions() {
        let (route, complaints) = Self.load(
            "path_regex: \"/room/[0-9]+\", headers: { X-Tenant: blue, x-any: \"*\" }, subprotocols: [mqtt]")
        #expect(complaints.isEmpty, "\(complaints)")
        #expect(route?.pathPattern == "/room/[0-9]+" && route?.subprotocols == ["mqtt"])
        #expect(route?.fields.map(\.name) == ["x-tenant", "x-any"])
        #expect(route?.limits.connectionsPerClient == 5)
    }

    @Test("complaints")
    func complains() {
        #expect(Self.load("path_regex: \"/(\"").1.contains { $0.contains("is no regular expression") })
        #expect(
            Self.load("headers: { \"a b\": c }").1.contains { $0.contains("is no name of a header field") })
        #expect(Self.load("subprotocols: mqtt").1.contains { $0.contains("must be a list") })
    }
}
