import Foundation
import Testing

@testable import Configuration

/// proxy.conf.example says of what it shows without a word that it is the default.
@Suite("The example's defaults")
struct ExampleTests {
    private static func text() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "proxy.conf.example"), encoding: .utf8)
    }

    /// What is there to show something, by the path of the key.
    private static let examples: Set<String> = [
        "upstreams.presence.mode", "upstreams.ticker.mode", "routes.limits.message",
        "routes.compression.level",
        // Written as it is without it, where that has two values.
        "upstreams.chat.timeouts.response",
    ]

    @Test("what is shown is the default, but for names, places and what is there to show something")
    func shown() throws {
        let loaded = load(try Self.text())
        #expect(loaded.said.allSatisfy { $0.contains("warning") })
        let value = try #require(loaded.value)
        var bare = value
        (bare.listeners, bare.upstreams, bare.routes) = ([], [:], [])
        #expect(
            ProxyConfiguration.table.show(bare).differences(from: ProxyConfiguration.table.show(.init()))
                == [])
        let listener = try #require(value.listeners.first)
        let usual = ListenerConfiguration(
            address: listener.address, tls: ListenerTLS(certificates: listener.tls?.certificates ?? []))
        #expect(listener == usual)
        var said: [String] = []
        for (name, upstream) in value.upstreams {
            let usual = UpstreamConfiguration.table.show(
                UpstreamConfiguration(upstream.backends.map(\.address)))
            said += UpstreamConfiguration.table.show(upstream).differences(from: usual).map {
                "upstreams.\(name).\($0)"
            }
        }
        for route in value.routes {
            let usual = RouteConfiguration.table.show(RouteConfiguration(over: value))
            said += RouteConfiguration.table.show(route).leaving([
                "name", "match", "rewrite", "origins", "upstream", "respond",
            ])
            .differences(from: usual).map { "routes.\($0)" }
        }
        #expect(Set(said.map { String($0.prefix { $0 != " " }) }) == Self.examples)
        let responses = value.routes.compactMap { route in
            if case .respond(let response) = route.action { response } else { nil }
        }
        #expect(
            responses.allSatisfy {
                $0.status == 200 && $0.contentType == RouteConfiguration.Response().contentType
            })
    }

    /// Numbers and words behind `#` that are no defaults.
    private static let commented: Set<String> = [
        "path: /app", "mode: \"0660\"", "port: 443", "rate: 10", "mode: require", "name: public",
        "listener: public",
        "proxy_protocol: accept", "proxy_protocol: v2", "warm: connections", "owner: trunkline",
        "group: www-data",
        // JSON in quotes, cut at its brace.
        "away_message: '", "back_message: '",
    ]

    @Test("so is what stands behind a # as it would be written")
    func comments() throws {
        let defaults = Self.defaults(ProxyConfiguration.table.outline)
        var wrong: [String] = []
        for line in try Self.text().split(separator: "\n") {
            guard let hash = line.firstIndex(of: "#"), line[..<hash].allSatisfy({ $0 == " " }) else {
                continue
            }
            let parts = line[hash...].split { "{},#".contains($0) }
            for part in parts {
                let pair = part.split(separator: ":", maxSplits: 1).map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                guard pair.count == 2, let values = defaults[pair[0]], !values.isEmpty else { continue }
                let value = String(pair[1].prefix { $0 != " " })
                let isSame =
                    values.contains(value)
                    || values.contains {
                        Quantity.duration($0) != nil && Quantity.duration($0) == Quantity.duration(value)
                    }
                if !isSame, !Self.commented.contains("\(pair[0]): \(value)") {
                    wrong.append("\(pair[0]): \(value)")
                }
            }
        }
        #expect(wrong == [])
    }

    /// Scalars' defaults by the names of their keys.
    private static func defaults(_ outline: Outline) -> [String: Set<String>] {
        outline.entries.reduce(into: [:]) { all, entry in
            switch entry.kind {
            case .scalar where entry.isRequired: break
            case .scalar: all[entry.name, default: []].formUnion([entry.initial?.line].compactMap(\.self))
            case .list, .words: break
            case .section(let part, _), .sections(let part, _), .named(let part), .either(_, let part):
                all.merge(defaults(part)) { $0.union($1) }
            }
        }
    }
}
