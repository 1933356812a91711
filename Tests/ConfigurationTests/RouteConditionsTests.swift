import Configuration
import Routing
import Testing

@Suite("What a route asks for")
struct RouteConditionsTests {
    private static func load(_ match: String) -> (RouteConfiguration?, [String]) {
        let loaded = ConfigurationTests.load(route: ", match: { \(match) }")
        return (loaded.value?.routes.first, loaded.said)
    }

    @Test("pattern, fields and subprotocols")
    func conditions() {
        let (route, complaints) = Self.load(
            "path_regex: \"/room/[0-9]+\", headers: { X-Tenant: blue, x-any: \"*\" }, subprotocols: [mqtt]")
        #expect(complaints.isEmpty, "\(complaints)")
        #expect(route?.match.pathPattern == "/room/[0-9]+" && route?.match.subprotocols == ["mqtt"])
        #expect(route?.match.fields.map(\.name) == ["x-tenant", "x-any"])
    }

    @Test("complaints")
    func complains() {
        // PCRE2's words, at the place of the fault, whatever quotes there are.
        for (text, column) in [(#""/(""#, 62), ("'/('", 62), ("/(", 61), (#""\\\\d(""#, 66)] {
            let said = Self.load("path_regex: \(text)").1
            #expect(said.count == 1 && said[0].hasPrefix("f:2:\(column): "), "\(said)")
            #expect(said[0].hasSuffix("is no regular expression: missing closing parenthesis"))
        }
        #expect(
            Self.load("headers: { \"a b\": c }").1.contains { $0.contains("is no name of a header field") })
        #expect(Self.load("subprotocols: mqtt").1.contains { $0.contains("must be a list") })
        #expect(Self.load("subprotocols: ['a b']").1 == ["f:2:62: 'a b' is no name of a subprotocol"])
    }
}
