import Testing

@testable import Configuration

@Suite("Limits by keys")
struct KeyedLimitConfigurationTests {
    private func limits(_ per: String) throws -> [KeyedLimitConfiguration] {
        let loaded = load(route: ", limits: { per: \(per) }")
        #expect(loaded.said == [])
        return try #require(loaded.value?.routes.first).limits.keyed
    }

    @Test("each key has its own numbers")
    func numbers() throws {
        let limits = try limits(
            """
            [{ key: client_ip, connections: 5, upgrades_per_minute: 60, burst: 10 }, { key: 'claim:sub', \
            missing: refuse, messages_per_second: 20, bytes_per_second: 1MiB, burst: 2s, rate_action: close, \
            close_code: 1008 }]
            """
        )
        #expect(limits.map(\.source) == [.clientIP, .claim("sub")])
        #expect(limits.map(\.missing) == [.pass, .refuse])
        #expect(limits[0].connections == 5 && limits[0].upgradesPerMinute == 60)
        #expect(limits[0].burst == .count(10) && !limits[0].closesOverRate && limits[0].closeCode == 4429)
        #expect(limits[1].messagesPerSecond == 20 && limits[1].bytesPerSecond == 1 << 20)
        #expect(
            limits[1].burst == .time(.seconds(2)) && limits[1].closesOverRate && limits[1].closeCode == 1008
        )
    }

    @Test("keys are spelt in four ways")
    func sources() {
        let texts = ["client_ip", "claim:a.b", "header:x-api-key", "cookie:Session"]
        #expect(texts.map { KeyedLimitConfiguration.Source($0)?.text } == texts)
        #expect(KeyedLimitConfiguration.Source("header:X-Api-Key") == .header("x-api-key"))
        for text in ["", "ip", "claim", "claim:", "query:a", "client_ip:"] {
            #expect(KeyedLimitConfiguration.Source(text) == nil, "\(text)")
        }
    }

    @Test(
        "what is none is said so; one that limits nothing is warned of; the default holds for routes without their own"
    )
    func complaints() throws {
        for bad in [
            "[{ sessions: 1 }]", "[{ key: ip }]", "[{ key: client_ip, close_code: 1000 }]",
            "[{ key: client_ip, rate: 1 }]", "[{ key: client_ip, missing: close }]",
            "[{ key: client_ip, sessions: 1 }, { key: client_ip, connections: 1 }]",
        ] {
            #expect(
                load(route: ", limits: { per: \(bad) }").said.contains { !$0.contains("warning") }, "\(bad)")
        }
        let idle = load(route: ", limits: { per: [{ key: client_ip }] }")
        #expect(idle.value != nil && idle.said.first?.contains("limits nothing") == true)
        let inherited = load(rest: "limits: { per: [{ key: client_ip, sessions: 2 }] }")
        #expect(inherited.value?.routes.first?.limits.keyed.map(\.sessions) == [2])
        let own = load(
            route: ", limits: { per: [] }", rest: "limits: { per: [{ key: client_ip, sessions: 2 }] }")
        #expect(own.value?.routes.first?.limits.keyed == [])
    }

    @Test("sessions have an age")
    func age() throws {
        #expect(load(route: ", max_age: 12h").value?.routes.first?.maxAge == .seconds(43200))
        #expect(load().value?.routes.first?.maxAge == .zero)
    }
}
