import Routing
import Testing

@testable import Configuration

@Suite("Routes that others hide")
struct RouteShadowTests {
    private func route(_ host: String?, _ path: String?) -> RouteConfiguration {
        var route = RouteConfiguration(name: "r", action: .upstream("u"))
        (route.match.host, route.match.path) = (host, path)
        return route
    }

    @Test("what an earlier route takes wholly is hidden")
    func hidden() {
        let pairs: [(RouteConfiguration, RouteConfiguration)] = [
            (route(nil, nil), route("a", "/x")), (route("*.example.com", "/"), route("A.example.com", "/x")),
            (route("a", "/chat/"), route("a", "/chat/room")), (route("a", "/x"), route("a", "/x")),
        ]
        for (earlier, later) in pairs { #expect(RouteShadow.first(hiding: later, among: [earlier]) != nil) }
    }

    @Test("what something still reaches is not")
    func reached() {
        var listening = route(nil, nil)
        listening.match.listener = "inside"
        var field = route(nil, nil)
        field.match.fields = [FieldMatch(name: "x", value: "1")]
        var pattern = route(nil, nil)
        pattern.match.pathPattern = ".*"
        var plain = route(nil, nil)
        plain.match.upgrade = .none
        let pairs: [(RouteConfiguration, RouteConfiguration)] = [
            (route("a", nil), route(nil, nil)), (route("a", "/chat/"), route("a", "/chatter")),
            (route(nil, "/x"), route(nil, "/x/")), (route("*.a", nil), route("a", nil)),
            (listening, route("a", nil)), (field, route("a", nil)), (pattern, route("a", nil)),
            (plain, route("a", nil)),
        ]
        for (earlier, later) in pairs { #expect(RouteShadow.first(hiding: later, among: [earlier]) == nil) }
    }

    @Test("check notes it, a frame larger than its message, and a drain that cuts")
    func notes() {
        let said = ConfigurationTests.load(
            """
            listeners: [{ address: "127.0.0.1:8080" }]
            limits: { frame: 2MiB, message: 1MiB }
            timeouts: { drain: 0 }
            upstreams: { u: { backends: [{ address: "127.0.0.1:1" }] } }
            routes: [{ name: all, upstream: u }, { name: hid, match: { path: /x }, upstream: u }]
            """
        ).said
        #expect(said.contains { $0.contains("route 'hid' is never reached: route 'all' comes before it") })
        #expect(said.contains { $0.contains("'frame' is larger than 'message'") })
        #expect(said.contains { $0.contains("'drain' is 0") })
    }
}
