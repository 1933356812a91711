import Testing

@testable import Configuration

@Suite("The file with every default")
struct DefaultsTextTests {
    @Test("it is a configuration, and nothing in it differs from the defaults")
    func loads() throws {
        let loaded = load(ConfigurationTexts.defaults)
        #expect(loaded.said == [])
        var value = try #require(loaded.value)
        #expect(value.upstreams["app"] == UpstreamConfiguration([.ip("127.0.0.1", port: 9001)]))
        #expect(
            value.listeners == [
                .init(
                    address: Located(value: .ip("0.0.0.0", port: 8443), place: .init(line: 1, column: 1)),
                    tls: nil)
            ])
        #expect(value.routes == [RouteConfiguration(name: "app", action: .upstream("app"))])
        (value.upstreams, value.listeners, value.routes) = ([:], [], [])
        #expect(value == ProxyConfiguration())
    }

    @Test("every key is in it, and every line that explains one")
    func whole() {
        let words = Set(ConfigurationTexts.defaults.split { !$0.isLetter && !$0.isNumber && $0 != "_" })
        for key in ConfigurationTexts.keys {
            #expect(words.contains(key.split(separator: ".").last ?? ""), "\(key)")
        }
        let text = ConfigurationTexts.defaults
        #expect(text.contains("# Smaller messages go uncompressed.") && !text.contains("`"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 130 })
    }
}
